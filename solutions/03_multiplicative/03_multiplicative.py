# %% [markdown]
# # Chapter 03: Luong: cheaper scores, narrower looks
#
# Eight functions and a class, 20 points, nearly three hours. Chapter 03 of the book, "Luong: cheaper scores, narrower
# looks", explains all of them.
#
# Attention has three parts: a *score* for every query and key, a *softmax* that turns scores into weights, and a *mean* of the
# values under these weights. Luong, Pham and Manning (2015) ask what each part needs: four scores, a window in place of the whole
# source, a decoder that looks after its recurrent step. Then you will draw one value in place of the mean, and stack two levels of
# attention.
#
# Run the next cell once, then work through the exercises in any order. In each, replace `raise NotImplementedError()` by
# your code, run the cell, and run the check cell below it. The check says what is right, what is wrong and, if it knows
# your mistake, which one it is. Check as often as you like: the inputs are new each time. Between the two is a cell to
# play in: it holds the example, and you take the `#` away once you have written the function. Hints unfold below the
# check, the broadest first.

# %% [markdown]
# ## What holds for every exercise
#
# | name | shape | meaning |
# |---|---|---|
# | `query` | `(*batch, queries, d_query)` | what each position looks for |
# | `key` | `(*batch, keys, d_key)` | what each position can be found by |
# | `value` | `(*batch, keys, d_v)` | what each position hands over |
# | `scores` | `(*batch, queries, keys)` | how well each query matches each key; any real numbers |
# | `mask` | broadcasts to `(*batch, queries, keys)` | boolean, True = may attend; `None` = everywhere |
# | `weights` | `(*batch, queries, keys)` | how much each query takes of each value |
#
# - **Axes.** `*batch` stands for no, one or several leading axes, the same in all tensors. Only the mask broadcasts: it
#   may have fewer axes or axes of size 1, never more axes than the scores. No axis has size 0.
# - **Weights stand to the right**, `x @ W`. None of the scores here is scaled; the scale comes with chapter 04.
# - **Hidden rows.** Where nothing is visible to a query, what it gets is 0, not NaN, and its gradient is 0.
# - **Large numbers are valid.** Scores may be ±2000, and so may the sums inside the tanh. Scores that are hidden or outside the window may
#   lie 1000 and more above the others, and what is hidden may hold numbers up to $10^6$. NaN and infinity are never given.
# - **Precision.** The result has the dtype of the inputs, float32 or float64. Numbers are compared to 1e-6 in float64 and 1e-4 in float32,
#   relative to the largest expected one; hidden weights must be exactly 0. Where a tensor is asked, a list or a numpy array is not one.
# - **Gradients.** A network must be able to learn through your code: no `.detach()`, `.item()`, `.tolist()` or numpy on
#   the way from the inputs to the result, but where the text asks for it.
# - **Manners.** Make new tensors on the device of the inputs, leave the inputs as they were (they may be transposed or other views),
#   and remember nothing from call to call.
# - **Your own work.** `torch.softmax`, products, `exp`, `einsum`, indexing are all fine. Ready-made attention is not:
#   `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and the functions of `attn_course` itself are refused.
# - Several results may be a tuple, a list or a named tuple. You may call your own functions of earlier exercises; a mistake in
#   them then counts twice.

# %% [markdown]
# ## 1. The dot score: `dot_scores`
#
# **Difficulty 1 of 5 · 5 minutes · 1 point**
#
# The cheapest way to compare two vectors, which must be equally wide ($d_{query} = d_{key} = d$; section "Four scores"):
#
# $$\mathrm{scores}_{ij} = q_i \cdot k_j$$
#
# There is no scale, no softmax and no parameter.
#
# By hand: the query `[2, 0, 1]` and the keys `[1, 3, 0]`, `[0, 1, 4]`, `[-1, 0, 2]` have the dot products 2, 4 and 0, so the scores
# are `[[2, 4, 0]]`.


# %% nbgrader={"grade": false, "grade_id": "dot_scores-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dot_scores(query, key):
    """Score every query against every key by their dot product.

    query: (*batch, queries, d)
    key:   (*batch, keys, d)
    Returns the scores, (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    return query @ key.transpose(-2, -1)
    ### END SOLUTION


# %%
# query = torch.tensor([[2.0, 0.0, 1.0]])
# key = torch.tensor([[1.0, 3.0, 0.0], [0.0, 1.0, 4.0], [-1.0, 0.0, 2.0]])
# dot_scores(query, key)  # 2, 4, 0

# %% nbgrader={"grade": true, "grade_id": "dot_scores", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("dot_scores", dot_scores)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A matrix product multiplies `(queries, d)` by `(d, keys)`. Which two axes of `key` must change places?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Count axes from the end: `key.transpose(-2, -1)` exchanges the last two whatever stands before them, and `@` multiplies each batch
# item by itself.
#
# </details>

# %% [markdown]
# ## 2. The general score: `general_scores`
#
# **Difficulty 1 of 5 · 5 minutes · 1 point**
#
# Queries and keys may differ in width, and the model learns which entry of a query has to do with which entry of a key. A matrix
# $W$ of shape $(d_{query}, d_{key})$ stands between them:
#
# $$\mathrm{scores}_{ij} = q_i\, W\, k_j^\top$$
#
# By hand: the query `[1, 2]` and `W = [[1, 0, 2], [0, 1, 1]]` give $q W$ = `[1, 2, 4]`; with the keys `[1, 0, 0]` and `[0, 1, 1]` the
# scores are `[[1, 6]]`.


# %% nbgrader={"grade": false, "grade_id": "general_scores-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def general_scores(query, key, W):
    """Score every query against every key by a learned bilinear form.

    query: (*batch, queries, d_query)
    key:   (*batch, keys, d_key)
    W:     (d_query, d_key)
    Returns the scores, (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    return query @ W @ key.transpose(-2, -1)
    ### END SOLUTION


# %%
# query, key = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
# general_scores(query, key, torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]))  # 1, 6

# %% nbgrader={"grade": true, "grade_id": "general_scores", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("general_scores", general_scores)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `query @ W` has the shape `(*batch, queries, d_key)`: now queries and keys are equally wide.
#
# </details>

# %% [markdown]
# ## 3. The concat score: `concat_scores`
#
# **Difficulty 2 of 5 · 20 minutes · 2 points**
#
# A small network reads query and key side by side and gives one number:
#
# $$\mathrm{scores}_{ij} = \tanh\left([q_i ; k_j]\, W\right) \cdot v$$
#
# $[q_i ; k_j]$ is the query followed by the key, so $W$ has the shape $(d_{query} + d_{key}, d_{attn})$: its first $d_{query}$ rows
# belong to the query. $v$ has the shape $(d_{attn},)$. There is no bias.
#
# You need not write out every pair. Since $[q ; k]\, W$ is the sum of $q$ times the upper rows and $k$ times the lower rows, each
# query and each key can be multiplied once; only the sum and the tanh are needed for every pair.
#
# By hand, with one entry each: `W = [[0.5, 0], [0.5, 1]]`, `v = [2, 1]`, the query `[1]`, the keys `[1]` and `[-1]`. The query's part is
# (0.5, 0). The first key's is (0.5, 1), the sum (1, 1), tanh of it (0.7616, 0.7616), so the score is 2.2848. The second key's part is
# (−0.5, −1), the sum (0, −1), and the score −0.7616.


# %% nbgrader={"grade": false, "grade_id": "concat_scores-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def concat_scores(query, key, W, v):
    """Score every query against every key by a small network that reads both.

    query: (*batch, queries, d_query)
    key:   (*batch, keys, d_key)
    W:     (d_query + d_key, d_attn)
    v:     (d_attn,)
    Returns the scores, (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    d_query = query.shape[-1]
    of_query = query @ W[:d_query]  # (*batch, queries, d_attn)
    of_key = key @ W[d_query:]  # (*batch, keys, d_attn)
    summed = of_query.unsqueeze(-2) + of_key.unsqueeze(-3)  # (*batch, queries, keys, d_attn)
    return torch.tanh(summed) @ v
    ### END SOLUTION


# %%
# W, v = torch.tensor([[0.5, 0.0], [0.5, 1.0]]), torch.tensor([2.0, 1.0])
# concat_scores(torch.tensor([[1.0]]), torch.tensor([[1.0], [-1.0]]), W, v)  # 2.2848, -0.7616

# %% nbgrader={"grade": true, "grade_id": "concat_scores", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("concat_scores", concat_scores)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `W[:d_query]` and `W[d_query:]` are the two parts of W. `d_query` is `query.shape[-1]`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# A tensor (queries, 1, d_attn) plus a tensor (1, keys, d_attn) broadcasts to (queries, keys, d_attn): `unsqueeze(-2)` and
# `unsqueeze(-3)` make these axes of size 1.
#
# </details>

# %% [markdown]
# ## 4. The location score: `location_scores`
#
# **Difficulty 1 of 5 · 5 minutes · 2 points**
#
# Can a query know where to look without seeing what stands there? Luong et al. tried it (equation 8). $W$ has the shape
# $(d_{query}, keys)$, one column for each position:
#
# $$\mathrm{scores}_{ij} = (q_i\, W)_j$$
#
# Return the scores, not the weights: the paper's equation applies the softmax in the same line, this function does not. The $i$-th query
# may look anywhere; nothing ties it to position $i$.
#
# By hand: the query `[1, 2]` and `W = [[0, 1, 3], [1, 0, -1]]` give the scores `[[2, 1, 1]]` for three positions.


# %% nbgrader={"grade": false, "grade_id": "location_scores-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def location_scores(query, W):
    """Score every position by the query alone.

    query: (*batch, queries, d_query)
    W:     (d_query, keys)
    Returns the scores, (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    return query @ W
    ### END SOLUTION


# %%
# location_scores(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 1.0, 3.0], [1.0, 0.0, -1.0]]))  # 2, 1, 1

# %% nbgrader={"grade": true, "grade_id": "location_scores", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("location_scores", location_scores)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Column $j$ of W is compared with each query as a key would be. One product does it for all positions.
#
# </details>

# %% [markdown]
# ## 5. A window that fades: `local_weights`
#
# **Difficulty 3 of 5 · 35 minutes · 4 points**
#
# In a long source, most positions do not matter to a query. Here each query $i$ has a *centre* $p_i$ and looks at the positions $s$ with
# $p_i - D \le s \le p_i + D$, where $D$ is `window` (section "Looking at a window"). Positions count from 0; $p_i$ is a real number and
# may lie between two positions or outside of all of them. The window includes its edges.
#
# The weights are made in two steps (Luong et al. 2015, equations 7 and 10):
#
# $$a_{is} = \frac{e^{\mathrm{scores}_{is}}}{\sum_{s' \text{ inside and visible}} e^{\mathrm{scores}_{is'}}}
# \qquad
# \mathrm{weights}_{is} = a_{is}\, \exp\left(-\frac{(s - p_i)^2}{2 \sigma^2}\right) \quad \text{with } \sigma = \frac{D}{2}$$
#
# - The softmax runs over the keys that are inside the window **and** visible under the mask, and over no others. All other weights are exactly 0.
# - Afterwards the Gaussian multiplies. The result is **not** made to sum to 1 again.
# - Where nothing is inside and visible, all weights of the query are 0.
# - Do not round the centre. The gradient must reach the scores, and the centre through the Gaussian: that is how a model learns where to look.
# - `window` is a number above 0, whole or not.
#
# By hand: the scores `[0, 1.0986, 0, 5, 0]` (1.0986 is ln 3), centre 1, window 1. Inside are the positions 0, 1 and 2; their softmax is
# (1, 3, 1) / 5. With $\sigma$ = 0.5 the Gaussian is $e^{-2}$ = 0.1353 at a distance of 1 and 1 at the centre, so the weights are
# `[0.0271, 0.6, 0.0271, 0, 0]`. With the centre 1.5 only the positions 1 and 2 are inside, each 0.5 away: `[0, 0.4549, 0.1516, 0, 0]`.


# %% nbgrader={"grade": false, "grade_id": "local_weights-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def local_weights(scores, centre, window, mask=None):
    """Turn scores into weights inside a window, which fade with the distance from its centre.

    scores: (*batch, queries, keys)
    centre: (*batch, queries), the position that each query looks at, a real number
    window: how far each query sees to either side, in positions
    mask:   boolean, True = may attend, broadcasts to (*batch, queries, keys); None = everywhere
    Returns the weights, (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    position = torch.arange(scores.shape[-1], dtype=scores.dtype, device=scores.device)
    distance = position - centre.unsqueeze(-1)  # (*batch, queries, keys)
    seen = distance.abs() <= window
    if mask is not None:
        seen = seen & mask
    filled = scores.masked_fill(~seen, -math.inf)
    # A row of -inf alone would become NaN: let it pass as zeros, its weights are set to 0 below.
    filled = filled.masked_fill(~seen.any(dim=-1, keepdim=True), 0.0)
    weights = torch.softmax(filled, dim=-1).masked_fill(~seen, 0.0)
    sigma = window / 2
    return weights * torch.exp(-(distance**2) / (2 * sigma**2))
    ### END SOLUTION


# %%
# scores = torch.tensor([[0.0, 1.0986, 0.0, 5.0, 0.0]])
# local_weights(scores, torch.tensor([1.0]), 1)  # 0.0271, 0.6, 0.0271, 0, 0
# local_weights(scores, torch.tensor([1.5]), 1)  # 0, 0.4549, 0.1516, 0, 0

# %% nbgrader={"grade": true, "grade_id": "local_weights", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("local_weights", local_weights)

# %% [markdown]
# <details><summary>Hint 1: inside</summary>
#
# Number the positions with `torch.arange(keys)`, on the device and with the dtype of the scores. `position - centre.unsqueeze(-1)` is how far
# each position lies from each centre, `(*batch, queries, keys)`.
#
# </details>
#
# <details><summary>Hint 2: one mask</summary>
#
# "Inside" is a boolean tensor too. Join it with the mask by `&`, and you have a masked softmax as in chapter 02.
#
# </details>
#
# <details><summary>Hint 3: nothing inside</summary>
#
# The softmax of a row of −∞ is NaN, in the backward pass as well. Let such a row go in as zeros, and set its weights to 0 afterwards.
#
# </details>

# %% [markdown]
# ## 6. Luong's decoder: `LuongDecoder`
#
# **Difficulty 4 of 5 · 40 minutes · 4 points**
#
# One step of the decoder, in the order of the paper (sections "Attention after the recurrence" and "Input feeding"). With $y$ the embedded
# token, $h$ the state before the step, $a$ the attentional vector of the step before and $m_s$ the rows of the memory:
#
# $$\begin{aligned}
# h' &= \mathrm{GRU}([y ; a],\, h) && \text{input feeding: the recurrence reads what was seen last}\\
# w_s &= \text{softmax over the visible } s \text{ of } h'\, W_{score}\, m_s^\top && \text{the general score, with the new state}\\
# c &= \sum_s w_s\, m_s && \text{the context}\\
# a' &= \tanh([c ; h']\, W_{attentional}) && \text{the attentional vector (equation 5)}\\
# \mathrm{logits} &= a'\, W_{output} + b_{output} && \text{no softmax: the loss does that}
# \end{aligned}$$
#
# Write the method `step(token, hidden, attentional, memory, mask)`. It returns four things in this order: the logits, the new state $h'$, the new attentional
# vector $a'$, and the weights $w$. The gradient must reach everything through the first three.
#
# The mask is boolean, `(batch, source)`, True at a token and False at padding. Padding gets weight exactly 0. Where a whole source is padding,
# weights and context are 0; the step goes on with them.
#
# The constructor is given, and with it every parameter. Leave it as it is: the check loads its own weights, by name and shape. You may add
# methods. Here you may use `nn.GRUCell`; the call is `self.rnn(what it reads, state before)`.
#
# | parameter | shape | | parameter | shape |
# |---|---|---|---|---|
# | `embed.weight` | (vocab, d_embed) | | `W_score` | (d_hidden, d_memory) |
# | `rnn.weight_ih` | (3 d_hidden, d_embed + d_hidden) | | `W_attentional` | (d_memory + d_hidden, d_hidden) |
# | `rnn.weight_hh` | (3 d_hidden, d_hidden) | | `output.weight` | (vocab, d_hidden) |
# | `rnn.bias_ih`, `rnn.bias_hh` | (3 d_hidden,) | | `output.bias` | (vocab,) |
#
# For the record, the GRU stacks reset, update and candidate; with $x = [y ; a]$ it computes $r = \sigma(x W_{ir} + b_{ir} + h W_{hr} + b_{hr})$, $z =
# \sigma(x W_{iz} + b_{iz} + h W_{hz} + b_{hz})$, $n = \tanh(x W_{in} + b_{in} + r\,(h W_{hn} + b_{hn}))$ and the new state $(1 - z)\,n + z\,h$; its weights
# are the blocks of `weight_ih` and `weight_hh`, transposed.
#
# By hand, with one number each: let all parameters of the GRU be 0, so that it halves its state. From $h = 1$ the new state is 0.5. With
# $W_{score} = 2$ and the memory 1, −1, 5, whose last entry is hidden, the scores are 1 and −1, the weights 0.8808, 0.1192 and 0, and the context is
# 0.7616. With $W_{attentional}$ = (1, 1) the attentional vector is tanh(0.7616 + 0.5) = 0.8515.


# %% nbgrader={"grade": false, "grade_id": "LuongDecoder-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
class LuongDecoder(nn.Module):
    """Write a sequence while looking at another: attention after the recurrence, with input feeding."""

    def __init__(self, vocab, d_embed, d_hidden, d_memory):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.rnn = nn.GRUCell(d_embed + d_hidden, d_hidden)
        self.W_score = nn.Parameter(torch.randn(d_hidden, d_memory) / math.sqrt(d_hidden))
        self.W_attentional = nn.Parameter(torch.randn(d_memory + d_hidden, d_hidden) / math.sqrt(d_memory + d_hidden))
        self.output = nn.Linear(d_hidden, vocab)

    def step(self, token, hidden, attentional, memory, mask):
        """Read one token, look at the memory, predict the next token.

        token:       int64 (batch,), the token written last
        hidden:      (batch, d_hidden), the state before the step
        attentional: (batch, d_hidden), the attentional vector of the step before
        memory:      (batch, source, d_memory), what is looked at
        mask:        boolean (batch, source), True at a token
        Returns (logits, hidden, attentional, weights):
            (batch, vocab), (batch, d_hidden), (batch, d_hidden), (batch, source).
        """
        ### BEGIN SOLUTION
        hidden = self.rnn(torch.cat([self.embed(token), attentional], dim=-1), hidden)
        scores = torch.einsum("bh,hm,bsm->bs", hidden, self.W_score, memory)
        sees_something = mask.any(dim=-1, keepdim=True)
        scores = scores.masked_fill(~mask, -math.inf).masked_fill(~sees_something, 0.0)
        weights = torch.softmax(scores, dim=-1).masked_fill(~mask, 0.0)
        context = torch.einsum("bs,bsm->bm", weights, memory)
        attentional = torch.tanh(torch.cat([context, hidden], dim=-1) @ self.W_attentional)
        return self.output(attentional), hidden, attentional, weights
        ### END SOLUTION


# %%
torch.manual_seed(0)
decoder = LuongDecoder(vocab=8, d_embed=4, d_hidden=6, d_memory=5)
token, hidden, attentional = torch.tensor([1, 3]), torch.zeros(2, 6), torch.zeros(2, 6)
memory, mask = torch.randn(2, 3, 5), torch.tensor([[True, True, True], [True, False, False]])
# [result.shape for result in decoder.step(token, hidden, attentional, memory, mask)]  # (2, 8), (2, 6), (2, 6), (2, 3)

# %% nbgrader={"grade": true, "grade_id": "LuongDecoder", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("LuongDecoder", LuongDecoder)

# %% [markdown]
# <details><summary>Hint 1: the order</summary>
#
# Overwrite nothing too early. First the recurrence, then the look with its result, then the attentional vector, which both the logits and the next
# step need.
#
# </details>
#
# <details><summary>Hint 2: shapes</summary>
#
# `hidden @ self.W_score` is `(batch, d_memory)`: one query for each sequence. `unsqueeze(1)` makes it `(batch, 1, d_memory)`, which multiplies the transposed
# memory `(batch, d_memory, source)`.
#
# </details>
#
# <details><summary>Hint 3: nothing but padding</summary>
#
# Let a row that is hidden altogether enter the softmax as zeros, and set hidden weights to 0 after it. The context is then 0 by itself.
#
# </details>

# %% [markdown]
# ## 7. Looking at one place: `hard_attention`
#
# **Difficulty 4 of 5 · 30 minutes · 3 points**
#
# Soft attention takes the mean of all values. Hard attention draws one of them, with the same weights as probabilities (Xu et al. 2015, section 4.1; section
# "Looking at one place"). Return two things:
#
# - **the value drawn**, `(*batch, queries, d_v)`: for each query one visible row of `value`, as it stands there. Each query of each batch item draws for itself,
#   independently of all others, and row $j$ comes with probability $\mathrm{weights}_{ij}$, the softmax over the visible keys;
# - **log_prob**, `(*batch, queries)`: the logarithm of the weight of the row that was drawn.
#
# A query that may see nothing gets the value 0 and log_prob 0.
#
# `generator` is a `torch.Generator` on the device of the scores. Draw with it and with nothing else, so that the same state of it gives the same
# draws, and let it go on: the next call draws anew. Any way to draw is right: `torch.multinomial`, the largest score with
# Gumbel noise, comparing a random number with cumulated weights. So a check cannot compare your draws with others: it looks at which rows you drew, counts how often over many
# queries, and holds your log_prob against the row you drew.
#
# A draw has no gradient. The gradient reaches `value` through the rows that were drawn, and `scores` **through log_prob alone**: none through the value.
# `mask` is always given, but may be `None`.
#
# By hand: the scores `[0, 1.0986, 9]`, the last one hidden, give the weights 1/4, 3/4 and 0. With the values `[10]`, `[20]`, `[30]` you return
# `[10]` and −1.3863 in a quarter of all draws, else `[20]` and −0.2877.


# %% nbgrader={"grade": false, "grade_id": "hard_attention-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def hard_attention(scores, value, mask, generator):
    """Draw one visible value for each query, with the attention weights as probabilities.

    scores:    (*batch, queries, keys)
    value:     (*batch, keys, d_v)
    mask:      boolean, True = may attend, broadcasts to (*batch, queries, keys); None = everywhere
    generator: torch.Generator, on the device of scores
    Returns (value drawn, log_prob): (*batch, queries, d_v), (*batch, queries).
    """
    ### BEGIN SOLUTION
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    nothing = ~mask.any(dim=-1, keepdim=True).expand(*scores.shape[:-1], 1)
    visible = scores.masked_fill(~mask, -math.inf).masked_fill(nothing, 0.0)
    log_weights = torch.log_softmax(visible, dim=-1)
    rows = log_weights.detach().exp().flatten(end_dim=-2)  # multinomial wants (rows, keys)
    drawn = torch.multinomial(rows, 1, generator=generator).view(*scores.shape[:-1], 1)
    log_prob = log_weights.gather(-1, drawn).masked_fill(nothing, 0.0)  # (*batch, queries, 1)
    chosen = value.gather(-2, drawn.expand(*scores.shape[:-1], value.shape[-1]))
    return chosen.masked_fill(nothing, 0.0), log_prob.squeeze(-1)
    ### END SOLUTION


# %%
# scores, value = torch.tensor([[0.0, 1.0986, 9.0]]), torch.tensor([[10.0], [20.0], [30.0]])
# mask = torch.tensor([[True, True, False]])
# generator = torch.Generator().manual_seed(0)
# [hard_attention(scores, value, mask, generator) for _ in range(8)]  # 20 three times in four

# %% nbgrader={"grade": true, "grade_id": "hard_attention", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("hard_attention", hard_attention)

# %% [markdown]
# <details><summary>Hint 1: drawing</summary>
#
# `torch.multinomial(rows, 1, generator=generator)` draws one column for each row of a tensor `(rows, keys)` of probabilities. Flatten the batch
# and query axes before it, and give them back after it.
#
# </details>
#
# <details><summary>Hint 2: logarithms</summary>
#
# `torch.log_softmax` of the masked scores holds the logarithms of all weights; `gather(-1, drawn)` takes those of the rows that were drawn.
# Taking the logarithm of a weight that has become 0 would give −∞.
#
# </details>
#
# <details><summary>Hint 3: taking rows</summary>
#
# `value.gather(-2, index)` wants an index of shape `(*batch, queries, d_v)`: expand the number of the row over `d_v`.
#
# </details>
#
# <details><summary>Hint 4: nothing to see</summary>
#
# Nothing can be drawn from a row of zeros. Let such a query draw anything, and write 0 over the value and log_prob afterwards.
#
# </details>

# %% [markdown]
# ## 8. A gradient through a choice: `reinforce_loss`
#
# **Difficulty 2 of 5 · 10 minutes · 1 point**
#
# How can the scores learn, if a draw has no gradient? By making draws likelier that were worth more than expected (Williams 1992; section "A gradient through a
# choice"). For samples $n = 1, \dots, N$ with the reward $R_n$, the log probability $\ell_n$ and the baseline $b_n$, the estimate of the gradient of the expected
# reward is
#
# $$\frac{1}{N} \sum_{n=1}^{N} (R_n - b_n)\, \nabla \ell_n$$
#
# It is right on average for every baseline that does not depend on the draw; a baseline near the expected reward makes it vary less. Write a loss, one number,
# whose gradient is **minus** this estimate, because an optimiser goes downhill.
#
# All three arguments have one axis, `(samples,)`. Reward and baseline are what happened: no gradient may reach them. **The gradient alone is graded**;
# the loss may have any value.
#
# By hand: the rewards (1, 3), the baselines (2, 2), so that the advantages are (−1, 1). The gradient by `log_prob` is (0.5, −0.5): going downhill, the
# first choice becomes rarer and the second more frequent.


# %% nbgrader={"grade": false, "grade_id": "reinforce_loss-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reinforce_loss(reward, log_prob, baseline):
    """Make a scalar whose gradient is minus the REINFORCE estimate.

    reward:   (samples,), larger is better
    log_prob: (samples,)
    baseline: (samples,)
    Returns a tensor with one number, ().
    """
    ### BEGIN SOLUTION
    advantage = (reward - baseline).detach()
    return -(advantage * log_prob).mean()
    ### END SOLUTION


# %%
# log_prob = torch.tensor([-0.6931, -1.3863], requires_grad=True)
# reinforce_loss(torch.tensor([1.0, 3.0]), log_prob, torch.tensor([2.0, 2.0])).backward()
# log_prob.grad  # 0.5, -0.5

# %% nbgrader={"grade": true, "grade_id": "reinforce_loss", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("reinforce_loss", reinforce_loss)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The gradient of `weight * log_prob` is `weight`, as long as no gradient flows through the weight: `.detach()`.
#
# </details>

# %% [markdown]
# ## 9. Words, then sentences: `hierarchical_attention`
#
# **Difficulty 3 of 5 · 20 minutes · 2 points**
#
# To sum up a document, attend twice (Yang et al. 2016, here without their recurrent networks; section "Words, then sentences"). With $w_{it}$ for word $t$ of
# sentence $i$, a learned `word_query` $u_w$ and a learned `sentence_query` $u_s$:
#
# 1. in each sentence $i$, the weights of its words are the softmax of $w_{it} \cdot u_w$ over its visible words, and the sentence $s_i$ is the weighted mean of its words;
# 2. the weights of the sentences are the softmax of $s_i \cdot u_s$ over the visible sentences, and the document is the weighted mean of the sentences.
#
# The products are plain, without a scale or a tanh. `word_mask` is boolean, `(*batch, sentences, words)`, True where there is a word. A sentence without a visible
# word is padding: it is hidden, its words and itself have weight exactly 0. Where a whole document is empty, everything is 0.
#
# Return the document, the weights of the words and the weights of the sentences, in this order. Gradients are graded through the document.
#
# By hand, with one number for a word: three sentences of up to two words, (1, 3), (2, –) and (–, –). With $u_w$ = 0.5493, which is ½ ln 3, the words of the first
# sentence have the weights 1/4 and 3/4, so it is 2.5. The second is 2; its words have the weights 1 and 0. With $u_s$ = 2.1972, which is 2 ln 3, the sentences have the weights
# 3/4, 1/4 and 0, and the document is 2.375.


# %% nbgrader={"grade": false, "grade_id": "hierarchical_attention-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def hierarchical_attention(words, word_mask, word_query, sentence_query):
    """Average the words of each sentence, then the sentences, each by how well they match a query.

    words:          (*batch, sentences, words, d)
    word_mask:      boolean (*batch, sentences, words), True where there is a word
    word_query:     (d,)
    sentence_query: (d,)
    Returns (document, word weights, sentence weights):
        (*batch, d), (*batch, sentences, words), (*batch, sentences).
    """
    ### BEGIN SOLUTION
    def masked_softmax(scores, mask):
        sees_something = mask.any(dim=-1, keepdim=True)
        visible = scores.masked_fill(~mask, -math.inf).masked_fill(~sees_something, 0.0)
        return torch.softmax(visible, dim=-1).masked_fill(~mask, 0.0)

    word_weights = masked_softmax(words @ word_query, word_mask)  # (*batch, sentences, words)
    sentences = (word_weights.unsqueeze(-1) * words).sum(dim=-2)  # (*batch, sentences, d)
    sentence_weights = masked_softmax(sentences @ sentence_query, word_mask.any(dim=-1))  # (*batch, sentences)
    document = (sentence_weights.unsqueeze(-1) * sentences).sum(dim=-2)  # (*batch, d)
    return document, word_weights, sentence_weights
    ### END SOLUTION


# %%
# words = torch.tensor([[[1.0], [3.0]], [[2.0], [0.0]], [[0.0], [0.0]]])
# word_mask = torch.tensor([[True, True], [True, False], [False, False]])
# hierarchical_attention(words, word_mask, torch.tensor([0.5493]), torch.tensor([2.1972]))

# %% nbgrader={"grade": true, "grade_id": "hierarchical_attention", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("hierarchical_attention", hierarchical_attention)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write one masked softmax over the last axis and use it twice. It must give 0, not NaN, where nothing is visible.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `word_mask.any(dim=-1)` says which sentences have a word.
#
# </details>
