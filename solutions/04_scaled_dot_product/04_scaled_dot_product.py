# %% [markdown]
# # Chapter 04: Scaled dot-product attention
#
# Seven functions, 20 points, about two and a half hours. Chapter 04 of the book, "Scaled dot-product attention", explains
# all of them.
#
# A query is compared with every key; the scores become weights that sum to 1; the values are averaged under these weights:
#
# $$\mathrm{context} = \mathrm{softmax}\left(\frac{Q K^{\top}}{\sqrt{d_k}}\right) V$$
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
# | `query` | `(*batch, queries, d_k)` | what each position looks for |
# | `key` | `(*batch, keys, d_k)` | what each position can be found by |
# | `value` | `(*batch, keys, d_v)` | what each position hands over |
# | `mask` | broadcasts to `(*batch, queries, keys)` | boolean, True = may attend; `None` = everywhere |
# | `weights` | `(*batch, queries, keys)` | how much each query takes of each value |
# | `context` | `(*batch, queries, d_v)` | the weighted mean of the values |
#
# - **Axes.** `*batch` stands for no, one or several leading axes, the same in all tensors. Only the mask broadcasts: it
#   may have fewer axes or axes of size 1, never more axes than the scores. No axis has size 0.
# - **Hidden rows.** Where the mask hides every key from a query, its weights and its context are 0, not NaN, and its
#   gradient is 0.
# - **Large numbers are valid.** Scores may be ±1000, hidden scores may lie 800 above the visible ones, hidden keys and
#   values may hold numbers up to $10^6$. NaN and infinity are never given.
# - **Precision.** The result has the dtype of the inputs. Numbers are compared to 1e-6 in float64 and 1e-4 in float32,
#   relative to the largest expected one; hidden weights must be exactly 0. Where a tensor is asked, a list or a numpy array is not one.
# - **Gradients.** A network must be able to learn through your code: no `.detach()`, `.item()`, `.tolist()` or numpy on
#   the way from the inputs to the result.
# - **Manners.** Make new tensors on the device of the inputs, leave the inputs as they were (they may be views), and
#   remember nothing from call to call.
# - **Your own work.** `torch.softmax`, products, `exp`, `einsum`, indexing are all fine. Ready-made attention is not:
#   `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and the functions of `attn_course` itself are refused.
# - A pair may be a tuple, a list or a named tuple. You may call your own functions of earlier exercises; a mistake in
#   them then counts twice.

# %% [markdown]
# ## 1. Scores: `scaled_dot_scores`
#
# **Difficulty 1 of 5 · 10 minutes · 2 points**
#
# How well does each query match each key? By their dot product, divided by the square root of the width of one key:
#
# $$\mathrm{scores}_{ij} = \frac{q_i \cdot k_j}{\sqrt{d_k}}$$
#
# Without the division, wider keys would give scores that lie further apart, and the softmax would put nearly all weight on
# one key (section "Why divide by √d_k").
#
# By hand, with $d_k = 4$: the query `[2, 0, 2, 0]` and the keys `[1, 0, 1, 0]`, `[0, 3, 0, 1]`, `[3, 0, 0, 5]` have the
# dot products 4, 0 and 6, so the scores are `[[2, 0, 3]]`.


# %% nbgrader={"grade": false, "grade_id": "scaled_dot_scores-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def scaled_dot_scores(query, key):
    """Score every query against every key.

    query: (*batch, queries, d_k)
    key:   (*batch, keys, d_k)
    Returns the scores, (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    d_k = query.shape[-1]
    return query @ key.transpose(-2, -1) / math.sqrt(d_k)
    ### END SOLUTION


# %% [markdown]
# %%
# query = torch.tensor([[2.0, 0.0, 2.0, 0.0]])
# key = torch.tensor([[1.0, 0.0, 1.0, 0.0], [0.0, 3.0, 0.0, 1.0], [3.0, 0.0, 0.0, 5.0]])
# scaled_dot_scores(query, key)

# %% nbgrader={"grade": true, "grade_id": "scaled_dot_scores", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("scaled_dot_scores", scaled_dot_scores)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A matrix product multiplies `(queries, d_k)` by `(d_k, keys)`. Which two axes of `key` must change places?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Count axes from the end: with several batch axes in front, axis 1 is no longer what it was. `key.transpose(-2, -1)`
# exchanges the last two whatever stands before them, and `@` multiplies each batch item by itself.
#
# </details>

# %% [markdown]
# ## 2. A mask against looking ahead: `causal_mask`
#
# **Difficulty 1 of 5 · 5 minutes · 1 point**
#
# A model that writes one token after the other must not see what it has yet to write. Position $i$ may see the positions
# $0, \dots, i$: the past and itself.
#
# The mask is boolean, `(length, length)`; rows are queries, columns are keys, True = may attend. There is no input
# tensor here to take a device from: make the mask on torch's default device, which means naming none (numpy knows of no
# device). `length` is a whole number of at least 1.
#
# By hand, `causal_mask(3)` is
#
# ```
# [[ True, False, False],
#  [ True,  True, False],
#  [ True,  True,  True]]
# ```


# %% nbgrader={"grade": false, "grade_id": "causal_mask-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def causal_mask(length):
    """Let each position see itself and the positions before it.

    length: a whole number
    Returns a boolean mask, (length, length), True = may attend.
    """
    ### BEGIN SOLUTION
    position = torch.arange(length)
    return position[None, :] <= position[:, None]  # key position <= query position
    ### END SOLUTION


# %%
# causal_mask(3)

# %% nbgrader={"grade": true, "grade_id": "causal_mask", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("causal_mask", causal_mask)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Either compare the position of the key with that of the query, or look up `torch.tril`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `torch.ones(length, length)` is made of floating-point numbers. A comparison, or `dtype=torch.bool`, makes a boolean mask.
#
# </details>

# %% [markdown]
# ## 3. A mask against padding: `padding_mask`
#
# **Difficulty 2 of 5 · 10 minutes · 2 points**
#
# Sequences of different lengths share one tensor: the shorter ones are filled up at the end. No query may look at the
# filling.
#
# `lengths` holds the number of real tokens in each sequence, int64 `(batch,)`, anything from 0 (all padding) to `max_len`
# (no padding). The result is boolean and has the shape `(batch, 1, max_len)`: the axis of size 1 stands for the queries,
# because all queries of a sequence see the same keys. It lies on the device of `lengths`. It is always `max_len` wide, even
# where every sequence is shorter.
#
# By hand, `padding_mask(torch.tensor([2, 0, 4]), 4)` is
#
# ```
# [[[ True,  True, False, False]],
#  [[False, False, False, False]],
#  [[ True,  True,  True,  True]]]
# ```


# %% nbgrader={"grade": false, "grade_id": "padding_mask-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def padding_mask(lengths, max_len):
    """Let every query see the tokens of its sequence and none of the padding behind them.

    lengths: int64 (batch,)
    max_len: a whole number
    Returns a boolean mask, (batch, 1, max_len), True = may attend.
    """
    ### BEGIN SOLUTION
    position = torch.arange(max_len, device=lengths.device)
    return position < lengths[:, None, None]  # (max_len,) < (batch, 1, 1)
    ### END SOLUTION


# %%
# padding_mask(torch.tensor([2, 0, 4]), 4)

# %% nbgrader={"grade": true, "grade_id": "padding_mask", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("padding_mask", padding_mask)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Number the positions with `torch.arange`. For which positions $p$ of a sequence of length 2 is the mask True?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `lengths[:, None, None]` has the shape `(batch, 1, 1)`. Compared with something of shape `(max_len,)` it broadcasts to
# `(batch, 1, max_len)`.
#
# </details>

# %% [markdown]
# ## 4. Attention: `scaled_dot_product_attention`
#
# **Difficulty 3 of 5 · 40 minutes · 5 points**
#
# The whole mechanism: scores, softmax over the visible keys, mean of the values. Return the pair `(context, weights)`.
#
# $$\mathrm{weights}_{ij} = \frac{e^{s_{ij}}}{\sum_{\text{visible } m} e^{s_{im}}} \text{ for a visible key } j, \text{ else } 0
# \qquad \mathrm{context}_i = \sum_j \mathrm{weights}_{ij}\, v_j$$
#
# Three things go wrong more often than the equation:
#
# - **Hidden keys** must get weight exactly 0, however large their scores are, and the visible ones share the whole.
# - **A query that may see nothing** gets context 0 and weights 0. The softmax of a row of $-\infty$ is 0 / 0, which is NaN. The
#   gradient must be finite there too, and overwriting a NaN afterwards does not always mend it (section "A query that may see
#   nothing").
# - **Half precision.** Here, float16 and bfloat16 inputs must work as well, forward, to 1e-2 and 6e-2. The largest number of
#   float16 is 65504: $-10^9$ does not exist in it. Computing inside in float32 is fine, if you convert back.
#
# Gradients are graded through the context.
#
# By hand, with $d_k = 4$: the query `[2, 0, 0, 0]` and the keys `[0, 0, 0, 0]`, `[0.6931, 0, 0, 0]`, `[9, 9, 9, 9]`, the last
# one hidden. The scores are 0, ln 2 and (hidden) 9, so the weights are `[[1/3, 2/3, 0]]`. With the values `[3]`, `[6]`, `[100]`
# the context is `[[5]]`. Hide all three and both are 0.


# %% nbgrader={"grade": false, "grade_id": "scaled_dot_product_attention-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def scaled_dot_product_attention(query, key, value, mask=None):
    """Average the rows of value, weighted by how well each query matches each key.

    query: (*batch, queries, d_k)
    key:   (*batch, keys, d_k)
    value: (*batch, keys, d_v)
    mask:  boolean, True = may attend, broadcasts to (*batch, queries, keys); None = everywhere
    Returns (context, weights): (*batch, queries, d_v), (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (*batch, queries, keys)
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        scores = scores.masked_fill(~mask, -math.inf)
        # A row of -inf alone would become NaN: let it pass as zeros, its weights are set to 0 below.
        scores = scores.masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)
        weights = torch.softmax(scores, dim=-1).masked_fill(~mask, 0.0)
    return weights @ value, weights
    ### END SOLUTION


# %%
# query = torch.tensor([[2.0, 0.0, 0.0, 0.0]])
# key = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.6931, 0.0, 0.0, 0.0], [9.0, 9.0, 9.0, 9.0]])
# value = torch.tensor([[3.0], [6.0], [100.0]])
# mask = torch.tensor([[True, True, False]])
# scaled_dot_product_attention(query, key, value, mask)

# %% nbgrader={"grade": true, "grade_id": "scaled_dot_product_attention", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("scaled_dot_product_attention", scaled_dot_product_attention)

# %% [markdown]
# <details><summary>Hint 1: hiding keys</summary>
#
# Change the scores before the softmax, not the weights after it: what is left after it no longer sums to 1. A score of
# $-\infty$ becomes a weight of exactly 0. `~mask` is True where a key is hidden, and `masked_fill` broadcasts.
#
# </details>
#
# <details><summary>Hint 2: a query that may see nothing</summary>
#
# `mask.any(dim=-1, keepdim=True)` says for each query whether it may see anything. Make sure that no row of $-\infty$
# alone ever enters the softmax, and set the weights of hidden keys to 0 afterwards.
#
# </details>
#
# <details><summary>Hint 3: your own softmax</summary>
#
# If you write it with `exp`: subtract the largest visible score of each row first, and fill hidden scores before `exp`.
# `exp(800)` is infinite, and multiplying it by 0 gives NaN, in the backward pass too.
#
# </details>

# %% [markdown]
# ## 5. One sequence looks at itself: `self_attention`
#
# **Difficulty 2 of 5 · 15 minutes · 2 points**
#
# Queries, keys and values all come from the same sequence `x`, each by a matrix of its own, multiplied from the right:
# `x @ W_query`, `x @ W_key`, `x @ W_value`. Scale by the width of the keys, $\sqrt{d_k}$, not by $\sqrt{d_{model}}$.
# The mask is `(*batch, length, length)` or broadcasts to it: rows are queries, columns are keys. With a causal mask this is
# the masked self-attention of a decoder. Hidden rows and large numbers are treated as in exercise 4; float32 and float64 are
# graded.
#
# By hand: `x = [[1, 0], [0, 1]]`, `W_query = [[0], [1]]`, `W_key = [[0], [1.0986]]`, `W_value = [[4], [8]]`. The queries are 0
# and 1, the keys 0 and ln 3, the values 4 and 8. Position 0 has equal scores, so the weights `[1/2, 1/2]` and the context 6;
# position 1 has the scores 0 and ln 3, so the weights `[1/4, 3/4]` and the context 7.


# %% nbgrader={"grade": false, "grade_id": "self_attention-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def self_attention(x, W_query, W_key, W_value, mask=None):
    """Let every position of one sequence attend to the positions of the same sequence.

    x:       (*batch, length, d_model)
    W_query: (d_model, d_k)
    W_key:   (d_model, d_k)
    W_value: (d_model, d_v)
    mask:    boolean, True = may attend, broadcasts to (*batch, length, length); None = everywhere
    Returns (context, weights): (*batch, length, d_v), (*batch, length, length).
    """
    ### BEGIN SOLUTION
    query, key, value = x @ W_query, x @ W_key, x @ W_value
    scores = query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])  # (*batch, length, length)
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)
        weights = torch.softmax(scores, dim=-1).masked_fill(~mask, 0.0)
    return weights @ value, weights
    ### END SOLUTION


# %%
# x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
# W_query, W_key = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0986]])
# W_value = torch.tensor([[4.0], [8.0]])
# self_attention(x, W_query, W_key, W_value)

# %% nbgrader={"grade": true, "grade_id": "self_attention", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("self_attention", self_attention)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three products make `query`, `key` and `value`. The rest is exercise 4: call your function, or copy its lines.
#
# </details>

# %% [markdown]
# ## 6. One sequence looks at another: `cross_attention`
#
# **Difficulty 2 of 5 · 15 minutes · 3 points**
#
# In a translation model each position of the sentence being written, `x`, looks at the sentence that was read, `memory`.
# `x` asks, so the queries are `x @ W_query`. `memory` answers, so keys and values both come from it: `memory @ W_key` and
# `memory @ W_value`. The two sequences may have different lengths and different widths. The mask is `(*batch, queries, keys)`
# or broadcasts to it, where the queries are the positions of `x` and the keys those of `memory`. Scale by the width of the
# keys. Hidden rows and large numbers are treated as in exercise 4; float32 and float64 are graded.
#
# By hand: `x = [[1]]`, `memory = [[1, 0], [0, 1], [1, 1]]`, `W_query = [[1]]`, `W_key = [[0], [0.6931]]`, `W_value = [[5], [10]]`.
# The one query is 1, the keys are 0, ln 2, ln 2, the values 5, 10, 15. The weights are `[[1/5, 2/5, 2/5]]` and the context
# is `[[11]]`, or 10.9999 with the rounded ln 2.


# %% nbgrader={"grade": false, "grade_id": "cross_attention-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_attention(x, memory, W_query, W_key, W_value, mask=None):
    """Let every position of one sequence attend to the positions of another.

    x:       (*batch, queries, d_model)
    memory:  (*batch, keys, d_memory)
    W_query: (d_model, d_k)
    W_key:   (d_memory, d_k)
    W_value: (d_memory, d_v)
    mask:    boolean, True = may attend, broadcasts to (*batch, queries, keys); None = everywhere
    Returns (context, weights): (*batch, queries, d_v), (*batch, queries, keys).
    """
    ### BEGIN SOLUTION
    query, key, value = x @ W_query, memory @ W_key, memory @ W_value
    scores = query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])  # (*batch, queries, keys)
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)
        weights = torch.softmax(scores, dim=-1).masked_fill(~mask, 0.0)
    return weights @ value, weights
    ### END SOLUTION


# %%
# x, memory = torch.tensor([[1.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
# W_query, W_key = torch.tensor([[1.0]]), torch.tensor([[0.0], [0.6931]])
# W_value = torch.tensor([[5.0], [10.0]])
# cross_attention(x, memory, W_query, W_key, W_value)

# %% nbgrader={"grade": true, "grade_id": "cross_attention", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("cross_attention", cross_attention)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write down the shape of each of the five inputs first. Only one pairing of sequences and matrices fits when
# `d_model` and `d_memory` differ; where they are equal, every pairing runs and only one is right.
#
# </details>

# %% [markdown]
# ## 7. The gradient by hand: `attention_backward`
#
# **Difficulty 5 of 5 · 60 minutes · 5 points**
#
# What `loss.backward()` does inside attention, written by you. Given `grad_context`, the derivative of some loss by the
# context, return its derivatives by query, key and value, `(grad_query, grad_key, grad_value)`, each in the shape of what it
# belongs to.
#
# Write them in closed form. Automatic differentiation (`backward()`, `torch.autograd`, `torch.func`) and numerical
# differences are refused. Nobody differentiates through this function itself, so here, and only here, `torch.no_grad()` is
# fine.
#
# Go back step by step. For $C = A B$ the chain rule gives $\partial A = \partial C\, B^{\top}$ and
# $\partial B = A^{\top} \partial C$. The only step that needs thought is the softmax: for one row of weights $p$ its Jacobian is
# $\mathrm{diag}(p) - p\,p^{\top}$ with $p$ as a column: $p_j (1 - p_j)$ on the diagonal and $-p_j p_m$ elsewhere, because raising one
# score lowers all other weights (section "The backward pass by hand").
#
# The mask is that of the forward pass. A hidden key gets no gradient, and a query that may see nothing gets 0 and gives 0.
# Large numbers are treated as in exercise 4; float32 and float64 are graded. Here one column may also hold queries of
# $10^{-12}$ and keys of $10^{12}$, or the reverse. The scores stay moderate, and the closed form needs no special care.
#
# By hand, with $d_k = 4$, so $\sqrt{d_k} = 2$: the query `[2, 0, 0, 0]`, the keys `[0, 1, 0, 0]` and `[0, 3, 0, 0]`, the values `[1]`
# and `[3]`, and `grad_context = [[1]]`. Both scores are 0, so the weights are 1/2 and 1/2.
#
# 1. `grad_value = [[1/2], [1/2]]`.
# 2. The weights receive the gradient `[1, 3]`, whose mean under the weights is 2.
# 3. The scores receive `[1/2 · (1 − 2), 1/2 · (3 − 2)] = [−1/2, 1/2]`, and the dot products, because of the scale, half of it,
#    `[−1/4, 1/4]`.
# 4. `grad_query = −1/4 · [0, 1, 0, 0] + 1/4 · [0, 3, 0, 0] = [[0, 1/2, 0, 0]]`.
# 5. `grad_key = [[−1/2, 0, 0, 0], [1/2, 0, 0, 0]]`.


# %% nbgrader={"grade": false, "grade_id": "attention_backward-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def attention_backward(grad_context, query, key, value, mask=None):
    """Carry a gradient back from the context to query, key and value, in closed form.

    grad_context: (*batch, queries, d_v)
    query:        (*batch, queries, d_k)
    key:          (*batch, keys, d_k)
    value:        (*batch, keys, d_v)
    mask:         boolean, True = may attend, broadcasts to (*batch, queries, keys); None = everywhere
    Returns (grad_query, grad_key, grad_value), each in the shape of what it belongs to.
    """
    ### BEGIN SOLUTION
    scale = math.sqrt(query.shape[-1])

    # Forward: the weights once more.
    scores = query @ key.transpose(-2, -1) / scale  # (*batch, queries, keys)
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)
        weights = torch.softmax(scores, dim=-1).masked_fill(~mask, 0.0)

    # context = weights @ value
    grad_value = weights.transpose(-2, -1) @ grad_context  # (*batch, keys, d_v)
    grad_weights = grad_context @ value.transpose(-2, -1)  # (*batch, queries, keys)

    # weights = softmax(scores): the Jacobian of each row is diag(p) - p p^T
    mean = (weights * grad_weights).sum(dim=-1, keepdim=True)  # (*batch, queries, 1)
    grad_scores = weights * (grad_weights - mean)

    # scores = query @ key^T / scale
    grad_products = grad_scores / scale
    grad_query = grad_products @ key  # (*batch, queries, d_k)
    grad_key = grad_products.transpose(-2, -1) @ query  # (*batch, keys, d_k)
    return grad_query, grad_key, grad_value
    ### END SOLUTION


# %%
# query = torch.tensor([[2.0, 0.0, 0.0, 0.0]])
# key = torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0]])
# value = torch.tensor([[1.0], [3.0]])
# attention_backward(torch.tensor([[1.0]]), query, key, value)

# %% nbgrader={"grade": true, "grade_id": "attention_backward", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check("attention_backward", attention_backward)

# %% [markdown]
# <details><summary>Hint 1: what you need from the forward pass</summary>
#
# Compute the weights as in exercise 4, mask and all. The context itself is not needed.
#
# </details>
#
# <details><summary>Hint 2: the softmax</summary>
#
# Multiply $\mathrm{diag}(p) - p\,p^{\top}$ by a vector $g$ on paper: it is $p \odot (g - \sum_j p_j g_j)$. No Jacobian
# has to be built.
#
# </details>
#
# <details><summary>Hint 3: hidden keys</summary>
#
# Where a weight is 0, $p \odot (\dots)$ is 0 as well: the mask needs no second look, if the weights are right.
#
# </details>

# %% [markdown]
# ## Where to go from here
#
# The chapter's experiment measures what the scale does to the gradient that reaches the scores. Chapter 05 runs several such
# attentions side by side.
