# %% [markdown]
# # Chapter 02: Bahdanau: look back while writing
#
# Six exercises, 20 points, about three hours. Chapter 02 of the book, "Bahdanau: look back
# while writing", explains all of them.
#
# A decoder that writes a translation asks, before each word, where to look in the source. It compares its state with what
# is known of each source token; the scores become weights that sum to 1; the annotations of the source are averaged under
# these weights. You build these parts, the decoder around them, and the measure that says how far the weights are from the
# true word links.
#
# Run the next cell once, then work through the exercises in any order. In each, replace `raise NotImplementedError()` by
# your code, run the cell, and run the check cell below it. The check says what is right, what is wrong and, if it knows
# your mistake, which one it is. Check as often as you like: the inputs are new each time. Between the two is a cell to
# play in: it holds the example, and you take the `#` away once you have written the answer. Hints unfold below the check,
# the broadest first.

# %% [markdown]
# ## What holds for every exercise
#
# | name | shape | meaning |
# |---|---|---|
# | `query` | `(*batch, queries, d_query)` | what each position looks for |
# | `key` | `(*batch, keys, d_key)` | what each position can be found by |
# | `value` | `(*batch, keys, d_v)` | what each position hands over |
# | `scores` | `(*batch, queries, keys)` | how well each query matches each key, before the softmax |
# | `mask` | broadcasts to `(*batch, queries, keys)` | boolean, True = may attend; `None` = everywhere |
# | `weights` | `(*batch, queries, keys)` | how much each query takes of each value |
# | `context` | `(*batch, queries, d_v)` | the weighted mean of the values |
#
# - **Axes.** `*batch` stands for no, one or several leading axes, the same in all tensors. Only the mask broadcasts: it
#   may have fewer axes or axes of size 1, never more axes than the scores. No axis has size 0. Vectors are rows and weights
#   stand to the right: `x @ W`.
# - **Hidden rows.** Where the mask hides every key from a query, its weights and its context are 0, not NaN, and its
#   gradient is 0.
# - **Large numbers are valid.** Sums inside a tanh may be ±3000 and scores ±1500, hidden scores may lie 800 above the visible
#   ones and rows 2000 apart, hidden positions may hold numbers up to $10^6$. NaN and infinity are never given.
# - **Precision.** The result has the dtype of the inputs. Numbers are compared to 1e-6 in float64 and 1e-4 in float32,
#   relative to the largest expected one; hidden weights must be exactly 0. Where a tensor is asked, a list or a numpy array
#   is not one.
# - **Gradients.** A network must be able to learn through your code: no `.detach()`, `.item()`, `.tolist()` or numpy on the
#   way from inputs and parameters to the result. (A constant that cancels, such as the largest score of a row, may be
#   detached.) Only `alignment_error_rate`, which is a measure, needs no gradient.
# - **Manners.** Make new tensors on the device of the inputs, leave the inputs as they were (they may be transposed,
#   strided or expanded views), and remember nothing from call to call.
# - **Your own work.** `torch.softmax`, `torch.tanh`, products, `einsum`, indexing are all fine, and so is the `nn.GRUCell`
#   that the decoder's constructor makes. Ready-made attention is not: `F.scaled_dot_product_attention`,
#   `nn.MultiheadAttention` and the functions of `attn_course` itself are refused.
# - A pair or a triple may be a tuple, a list or a named tuple. You may call your own functions of earlier exercises; a
#   mistake in them then counts twice.

# %% [markdown]
# ## 1. A softmax that hides: `masked_softmax`
#
# **Difficulty 2 of 5 · 25 minutes · 3 points**
#
# The softmax turns the scores of a query into weights that are positive and sum to 1. Over the keys that the query may see,
#
# $$\mathrm{weights}_{ij} = \frac{\exp(\mathrm{scores}_{ij})}{\sum_{m \text{ visible}} \exp(\mathrm{scores}_{im})}$$
#
# and a hidden key has weight **exactly 0**. A query that may see no key has weight 0 everywhere, and the gradient there is
# finite (0). The mask may be left out, `None`, or boolean with True = may attend.
#
# This exercise is also checked in float16 and bfloat16 (forward only, to 1e-2 and 6e-2), because networks are trained in
# half precision. In float16 there is no number −1e9.
#
# By hand, with scores $(\ln 3, 0, 2) = (1.0986, 0, 2)$ and the mask (True, True, False): $\exp$ gives 3 and 1, so the
# weights are $(0.75, 0.25, 0)$. With the mask (False, False, False) they are $(0, 0, 0)$.


# %% nbgrader={"grade": false, "grade_id": "masked_softmax-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def masked_softmax(scores, mask=None):
    """Turn each row of scores into weights over the visible keys.

    scores: (*batch, queries, keys)
    mask:   boolean, True = may attend, broadcasts to the shape of scores; None = everywhere
    Returns the weights, (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    if mask is None:
        return torch.softmax(scores, dim=-1)
    sees_something = mask.any(dim=-1, keepdim=True)
    # A row of -inf would give NaN, forward and backward: such a row goes through as zeros.
    visible = scores.masked_fill(~mask, float("-inf")).masked_fill(~sees_something, 0.0)
    return torch.softmax(visible, dim=-1).masked_fill(~mask, 0.0)
    ### END SOLUTION


# %%
scores = torch.tensor([[1.0986, 0.0, 2.0], [1.0986, 0.0, 2.0]])
mask = torch.tensor([[True, True, False], [False, False, False]])
# masked_softmax(scores, mask)  # 0.75, 0.25, 0 and 0, 0, 0

# %% nbgrader={"grade": true, "grade_id": "masked_softmax", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("masked_softmax", masked_softmax)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A key whose score is $-\infty$ has $\exp(-\infty) = 0$ and takes nothing. `tensor.masked_fill(where, number)` puts a
# number wherever `where` is True, and broadcasts.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# A row that is $-\infty$ throughout gives 0 / 0. Which rows these are, `mask.any(dim=-1, keepdim=True)` says. Put
# something harmless into them before the softmax and 0 after it.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# The backward pass goes through the softmax again. Where that has seen a row of $-\infty$, NaN comes out of it, and
# what you put over the NaN afterwards does not help. So let the softmax see no such row at all.
#
# </details>

# %% [markdown]
# ## 2. Additive scores: `additive_scores`
#
# **Difficulty 2 of 5 · 20 minutes · 3 points**
#
# Bahdanau, Cho and Bengio (2015, appendix A.1.2) compare a query with a key by a small network with one hidden layer:
#
# $$\mathrm{scores}_{ij} = v \cdot \tanh(q_i W_{\mathrm{query}} + k_j W_{\mathrm{key}})$$
#
# Queries and keys may have different widths; both are projected to `d_attn` numbers, **added**, and only then go through
# the tanh. Every query meets every key of its own batch item. There is no bias and no scale. The gradients to all five
# inputs are checked.
#
# By hand, with one query $q = 0.5$, the keys $0.5$ and $-0.5$, $W_{\mathrm{query}} = (1, 1)$, $W_{\mathrm{key}} = (1, -1)$
# and $v = (1, 2)$: for the first key the sums are $(0.5 + 0.5,\; 0.5 - 0.5) = (1, 0)$, their tanh is $(0.7616, 0)$ and the
# score $0.7616$. For the second they are $(0, 1)$ and the score is $2 \cdot 0.7616 = 1.5232$.


# %% nbgrader={"grade": false, "grade_id": "additive_scores-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def additive_scores(query, key, W_query, W_key, v):
    """Score every query against every key by v . tanh(query W_query + key W_key).

    query:   (*batch, queries, d_query)
    key:     (*batch, keys, d_key)
    W_query: (d_query, d_attn)
    W_key:   (d_key, d_attn)
    v:       (d_attn,)
    Returns the scores, (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    query = (query @ W_query).unsqueeze(-2)  # (*batch, queries, 1, d_attn)
    key = (key @ W_key).unsqueeze(-3)  # (*batch, 1, keys, d_attn)
    return torch.tanh(query + key) @ v
    ### END SOLUTION


# %%
query, key = torch.tensor([[0.5]]), torch.tensor([[0.5], [-0.5]])
W_query, W_key, v = torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, -1.0]]), torch.tensor([1.0, 2.0])
# additive_scores(query, key, W_query, W_key, v)  # 0.7616, 1.5232

# %% nbgrader={"grade": true, "grade_id": "additive_scores", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("additive_scores", additive_scores)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Project first: `query @ W_query` is `(*batch, queries, d_attn)`, `key @ W_key` is `(*batch, keys, d_attn)`. How can
# one tensor hold the sum of every pair?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Two axes of size 1 broadcast: `(*batch, queries, 1, d_attn) + (*batch, 1, keys, d_attn)` is `(*batch, queries, keys,
# d_attn)`. Count the axes from the end, because there may be any number of them in front.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# `hidden @ v` with a vector `v` multiplies along the last axis and removes it.
#
# </details>

# %% [markdown]
# ## 3. The weighted mean: `attend`
#
# **Difficulty 1 of 5 · 15 minutes · 2 points**
#
# What every attention mechanism ends with: the masked softmax of the scores, and the mean of the values under these
# weights,
#
# $$\mathrm{context}_i = \sum_j \mathrm{weights}_{ij}\, \mathrm{value}_j$$
#
# Return the pair `(context, weights)`. The weights are those that were used, after the mask. Gradients are checked through
# the context.
#
# By hand, with the scores and the first mask of exercise 1 the weights are $(0.75, 0.25, 0)$; the values $(4, 0)$, $(0, 8)$
# and $(100, 100)$ have the mean $0.75 \cdot (4, 0) + 0.25 \cdot (0, 8) = (3, 2)$.


# %% nbgrader={"grade": false, "grade_id": "attend-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def attend(scores, value, mask=None):
    """Average the rows of value under the masked softmax of scores.

    scores: (*batch, queries, keys)
    value:  (*batch, keys, d_v)
    mask:   boolean, True = may attend, broadcasts to the shape of scores; None = everywhere
    Returns (context, weights), (*batch, queries, d_v) and (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        sees_something = mask.any(dim=-1, keepdim=True)
        visible = scores.masked_fill(~mask, float("-inf")).masked_fill(~sees_something, 0.0)
        weights = torch.softmax(visible, dim=-1).masked_fill(~mask, 0.0)
    return weights @ value, weights  # the context is (*batch, queries, d_v)
    ### END SOLUTION


# %%
scores, mask = torch.tensor([[1.0986, 0.0, 2.0]]), torch.tensor([[True, True, False]])
value = torch.tensor([[4.0, 0.0], [0.0, 8.0], [100.0, 100.0]])
# attend(scores, value, mask)  # context 3, 2; weights 0.75, 0.25, 0

# %% nbgrader={"grade": true, "grade_id": "attend", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("attend", attend)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Exercise 1 has the weights. If you solved it, call it: `masked_softmax(scores, mask)`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# A matrix product is a weighted sum: row $i$ of `weights @ value` is $\sum_j \mathrm{weights}_{ij}\,
# \mathrm{value}_j$, in each batch item by itself.
#
# </details>

# %% [markdown]
# ## 4. Attention with parameters: `AdditiveAttention`
#
# **Difficulty 2 of 5 · 20 minutes · 3 points**
#
# The same as a module that can learn. The constructor is given; leave the parameters as they are, because the check loads
# its own weights into them, by name and shape:
#
# | parameter | shape |
# |---|---|
# | `W_query` | (d_query, d_attn) |
# | `W_key` | (d_key, d_attn) |
# | `v` | (d_attn,) |
#
# There is no other parameter, and no bias. Write `forward(query, key, value, mask=None)`, which returns
# `(context, weights)`:
#
# $$\mathrm{scores}_{ij} = v \cdot \tanh(q_i W_{\mathrm{query}} + k_j W_{\mathrm{key}}) \qquad
# \mathrm{weights} = \mathrm{masked\ softmax}(\mathrm{scores}) \qquad
# \mathrm{context} = \mathrm{weights}\; V$$
#
# Keys are compared, values are averaged. The gradients to the three parameters and to query, key and value are checked,
# through the context.
#
# By hand, with the numbers of exercise 2 and the values 1 and 3: the scores are $(0.7616, 1.5232)$. Their difference is
# $0.7616$ and $\exp(0.7616) = 2.1417$, so the weights are $1 / 3.1417 = 0.3183$ and $0.6817$, and the context is
# $0.3183 \cdot 1 + 0.6817 \cdot 3 = 2.3634$.


# %% nbgrader={"grade": false, "grade_id": "AdditiveAttention-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
class AdditiveAttention(nn.Module):
    """Average values under the masked softmax of learned additive scores."""

    def __init__(self, d_query, d_key, d_attn):
        super().__init__()
        self.W_query = nn.Parameter(torch.randn(d_query, d_attn) / math.sqrt(d_query))
        self.W_key = nn.Parameter(torch.randn(d_key, d_attn) / math.sqrt(d_key))
        self.v = nn.Parameter(torch.randn(d_attn) / math.sqrt(d_attn))

    def forward(self, query, key, value, mask=None):
        """Attend.

        query: (*batch, queries, d_query)
        key:   (*batch, keys, d_key)
        value: (*batch, keys, d_v)
        mask:  boolean, True = may attend, broadcasts to (*batch, queries, keys); None = everywhere
        Returns (context, weights), (*batch, queries, d_v) and (*batch, queries, keys).
        """
        ### BEGIN SOLUTION
        query = (query @ self.W_query).unsqueeze(-2)  # (*batch, queries, 1, d_attn)
        key = (key @ self.W_key).unsqueeze(-3)  # (*batch, 1, keys, d_attn)
        scores = torch.tanh(query + key) @ self.v
        if mask is None:
            weights = torch.softmax(scores, dim=-1)
        else:
            sees_something = mask.any(dim=-1, keepdim=True)
            visible = scores.masked_fill(~mask, float("-inf")).masked_fill(~sees_something, 0.0)
            weights = torch.softmax(visible, dim=-1).masked_fill(~mask, 0.0)
        return weights @ value, weights
        ### END SOLUTION


# %%
attention = AdditiveAttention(1, 1, 2)
with torch.no_grad():
    attention.W_query.copy_(torch.tensor([[1.0, 1.0]]))
    attention.W_key.copy_(torch.tensor([[1.0, -1.0]]))
    attention.v.copy_(torch.tensor([1.0, 2.0]))
query, key, value = torch.tensor([[0.5]]), torch.tensor([[0.5], [-0.5]]), torch.tensor([[1.0], [3.0]])
# attention(query, key, value)  # context 2.3634; weights 0.3183, 0.6817

# %% nbgrader={"grade": true, "grade_id": "AdditiveAttention", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("AdditiveAttention", AdditiveAttention)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# It is exercise 2 and then exercise 3, with `self.W_query`, `self.W_key` and `self.v`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# If you solved them: `return attend(additive_scores(query, key, self.W_query, self.W_key, self.v), value, mask)`.
#
# </details>

# %% [markdown]
# ## 5. One step of the decoder: `AttentionDecoder`
#
# **Difficulty 4 of 5 · 50 minutes · 5 points**
#
# The encoder has turned the source into a `memory`: one annotation for each source token. The decoder writes the target one
# token at a time, and looks back at the memory before each of them. The constructor is given. Write
# `step(token, hidden, memory, mask)`, which takes the token written last, the state *before* the step, the memory and its
# mask (True = a source token, False = padding), and returns `(logits, hidden, weights)`: logits over the next token, the
# state *after* the step, and the weights over the source. With $y$ the embedded token, $s$ the state before the step and
# $h_j$ the annotations (Bahdanau et al. 2015, section 3.1 and appendix A):
#
# 1. **Look.** $\mathrm{scores}_j = v \cdot \tanh(s\, W_{\mathrm{query}} + h_j\, W_{\mathrm{key}})$, the weights are their
#    masked softmax over $j$, and the context is $c = \sum_j \mathrm{weights}_j\, h_j$. The query is the state **before** the
#    step.
# 2. **Move on.** $s' = \mathrm{rnn}([y;\, c],\; s)$: the GRU cell reads the embedded token and the context, in this order.
# 3. **Predict.** $\mathrm{logits} = \mathrm{output}([y;\, s';\, c])$: the embedded token, the **new** state and the
#    context, in this order. No softmax: the loss does that. (In the paper the last layer is larger, with a maxout in it,
#    and its formula in the appendix has the state before the step where equation 4 has the new one; here it is one linear
#    layer, as in equation 4.)
#
# Leave the constructor as it is: the check loads its own weights into these parameters, by name and shape.
#
# | parameter | shape |
# |---|---|
# | `embed.weight` | (vocab, d_embed) |
# | `W_query` | (d_hidden, d_attn) |
# | `W_key` | (d_memory, d_attn) |
# | `v` | (d_attn,) |
# | `rnn.weight_ih` | (3 d_hidden, d_embed + d_memory) |
# | `rnn.weight_hh` | (3 d_hidden, d_hidden) |
# | `rnn.bias_ih`, `rnn.bias_hh` | (3 d_hidden,) |
# | `output.weight` | (vocab, d_embed + d_hidden + d_memory) |
# | `output.bias` | (vocab,) |
#
# You need not write the GRU yourself: `self.rnn(x, hidden)` is one step of it, and you may use `nn.GRUCell` freely here.
# There is one batch axis. Here a mask is always given. It may hide any positions, and where it hides a whole source, weights and context are 0 and
# the step goes on with that. Gradients to all parameters, to `hidden` and to `memory` are checked, through the logits and
# the state.
#
# By hand, all widths 1 but `d_attn` = 2, with the parameters of exercise 2: for $s = 0.5$ and the annotations $0.5$ and
# $-0.5$ the weights are $(0.3183, 0.6817)$, as in exercise 4, and the context is $0.3183 \cdot 0.5 - 0.6817 \cdot 0.5 =
# -0.1817$. The GRU reads $[y;\, -0.1817]$. If the second position is padding, the weights are $(1, 0)$ and the context is
# $0.5$.


# %% nbgrader={"grade": false, "grade_id": "AttentionDecoder-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
class AttentionDecoder(nn.Module):
    """Write a target one token at a time, and look back at the source before each of them."""

    def __init__(self, vocab, d_embed, d_hidden, d_memory, d_attn):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.W_query = nn.Parameter(torch.randn(d_hidden, d_attn) / math.sqrt(d_hidden))
        self.W_key = nn.Parameter(torch.randn(d_memory, d_attn) / math.sqrt(d_memory))
        self.v = nn.Parameter(torch.randn(d_attn) / math.sqrt(d_attn))
        self.rnn = nn.GRUCell(d_embed + d_memory, d_hidden)
        self.output = nn.Linear(d_embed + d_hidden + d_memory, vocab)

    def step(self, token, hidden, memory, mask):
        """Look back, read one token and predict the next.

        token:  (batch,), int64
        hidden: (batch, d_hidden), the state before this step
        memory: (batch, source, d_memory)
        mask:   (batch, source), boolean, True = a source token
        Returns (logits, hidden, weights): (batch, vocab), (batch, d_hidden) after this step, (batch, source).
        """
        ### BEGIN SOLUTION
        query = (hidden @ self.W_query).unsqueeze(1)  # (batch, 1, d_attn)
        scores = torch.tanh(query + memory @ self.W_key) @ self.v  # (batch, source)
        sees_something = mask.any(dim=-1, keepdim=True)
        visible = scores.masked_fill(~mask, float("-inf")).masked_fill(~sees_something, 0.0)
        weights = torch.softmax(visible, dim=-1).masked_fill(~mask, 0.0)
        context = (weights.unsqueeze(1) @ memory).squeeze(1)  # (batch, d_memory)

        embedded = self.embed(token)  # (batch, d_embed)
        hidden = self.rnn(torch.cat([embedded, context], dim=-1), hidden)
        logits = self.output(torch.cat([embedded, hidden, context], dim=-1))
        return logits, hidden, weights
        ### END SOLUTION


# %%
decoder = AttentionDecoder(vocab=3, d_embed=1, d_hidden=1, d_memory=1, d_attn=2)
with torch.no_grad():
    decoder.W_query.copy_(torch.tensor([[1.0, 1.0]]))
    decoder.W_key.copy_(torch.tensor([[1.0, -1.0]]))
    decoder.v.copy_(torch.tensor([1.0, 2.0]))
token, hidden, memory = torch.tensor([2]), torch.tensor([[0.5]]), torch.tensor([[[0.5], [-0.5]]])
# decoder.step(token, hidden, memory, torch.tensor([[True, True]]))[2]  # weights 0.3183, 0.6817
# decoder.step(token, hidden, memory, torch.tensor([[True, False]]))[2]  # weights 1, 0

# %% nbgrader={"grade": true, "grade_id": "AttentionDecoder", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("AttentionDecoder", AttentionDecoder)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write the three parts in the order of the text, and print the shape after each line. Attention comes first: at that
# moment there is only the state that you were given.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# There is one query for each sentence: `hidden @ self.W_query` is `(batch, d_attn)`, the projected memory `(batch,
# source, d_attn)`. `unsqueeze(1)` gives the query an axis that broadcasts over the source.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# The context is `(weights.unsqueeze(1) @ memory).squeeze(1)`, or `torch.einsum("bs,bsd->bd", weights, memory)`.
# `torch.cat([a, b], dim=-1)` puts vectors side by side.
#
# </details>
#
# <details><summary>Hint 4</summary>
#
# The masked softmax of exercise 1 works here as it is: scores `(batch, source)`, mask `(batch, source)`.
#
# </details>

# %% [markdown]
# ## 6. How wrong is an alignment? `alignment_error_rate`
#
# **Difficulty 3 of 5 · 30 minutes · 4 points**
#
# Attention weights look like word links. How like the true ones are they? Och and Ney (2003) measure the *alignment error
# rate* between the links that were made and the gold links. Here:
#
# - `weights` is `(target, source)`, for one sentence: row $i$ are the weights with which target token $i$ was written. Each
#   row makes **one** link, to the source token of its **largest** weight; of several equal ones the **first** (lowest index)
#   counts, and it alone.
# - `gold` is `(target, source)`, boolean: True where a target token truly belongs to a source token. A row may have no gold
#   link, or several.
# - A *hit* is a link that was made and is gold. Then
#
# $$\mathrm{error\ rate} = 1 - \frac{2 \cdot \mathrm{hits}}{\mathrm{rows} + \mathrm{gold\ links}}$$
#
# Rows without a gold link count among the rows: attention had to look somewhere, and the link is one too many. If there is
# no gold link at all, the rate is 1. No row of weights is 0 throughout. (Och and Ney tell sure links from possible ones;
# here every gold link is both.)
#
# Return a single number: a float or a tensor without axes. It needs no gradient, so `.item()` and numpy are fine here.
#
# By hand, with four target and three source tokens: the weights
#
# ```
# [[0.7, 0.2, 0.1],
#  [0.1, 0.3, 0.6],
#  [0.2, 0.5, 0.3],
#  [0.4, 0.3, 0.3]]
# ```
#
# link 0–0, 1–2, 2–1 and 3–0. With the gold links 0–0, 1–1, 1–2 and 2–2, two of them are hits. There are four rows and four
# gold links: $1 - 2 \cdot 2 / (4 + 4) = 0.5$.


# %% nbgrader={"grade": false, "grade_id": "alignment_error_rate-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def alignment_error_rate(weights, gold):
    """Compare the links that attention weights make with the true ones.

    weights: (target, source), each row makes one link
    gold:    (target, source), boolean, True = linked
    Returns 1 - 2 hits / (rows + gold links), a single number.
    """
    ### BEGIN SOLUTION
    chosen = weights.argmax(dim=1, keepdim=True)  # (target, 1), the first of equal ones
    hits = gold.gather(1, chosen).sum().item()
    return 1 - 2 * hits / (len(weights) + gold.sum().item())
    ### END SOLUTION


# %%
weights = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
gold = torch.tensor([[1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0]]).bool()
# alignment_error_rate(weights, gold)  # 0.5

# %% nbgrader={"grade": true, "grade_id": "alignment_error_rate", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("alignment_error_rate", alignment_error_rate)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `weights.argmax(dim=1)` is the source token that each target token links to; torch documents that it takes the first
# of equal entries.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Whether a link is gold, `gold` says at row $i$ and column `chosen[i]`: `gold[rows, chosen]` with `rows =
# torch.arange(len(gold), device=gold.device)`, or `gold.gather`.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# Each gold link counts, not each row that has one: `gold.sum()`.
#
# </details>
