# %% [markdown]
# # Chapter 01: The bottleneck
#
# Read chapter 01 of the book first. Here you build its parts: two recurrent steps, a run over padded sequences, a
# measure of what a gradient passes through, clipping, an encoder with a decoder, and greedy decoding. The seven exercises give 20
# points and take about three hours. They do not depend on each other: if you are stuck, go on with the next.
#
# **How to work.** Run the next cell once. Then, in each exercise, replace `raise NotImplementedError()` by your code, run the cell, and
# run the check cell below it. The check says what is right, what is wrong and, if it knows your mistake, which one it is. Check as
# often as you like: the inputs are new each time. Between the two is a cell to play in: take the `#` away there once you have written
# the function. Hints unfold below the check, the broadest first.
#
# **What holds for all exercises**
#
# - Tensors are batch first. `(*batch, d)` means any number of leading axes, none included, and the same in all tensors. Vectors are
#   rows and weights stand to the right: `x @ W`. No axis has size 0, and nothing that you are given is NaN or infinite.
# - Results have the dtype of the inputs and lie on their device: make new tensors with `x.new_zeros(...)` or with `dtype=` and
#   `device=`. The check uses float64 and float32, and counts numbers as right to $10^{-6}$ of the largest entry in the one and to
#   $10^{-4}$ in the other.
# - Inputs stay as they were: no `x += 1` and no function that ends in `_` on what you were given. Inputs may be views (transposed,
#   strided, expanded). Nothing is remembered from one call to the next.
# - Where a tensor is asked, a list of numbers or a numpy array is not one. Where a pair is asked, a tuple, a list or a named tuple
#   will do.
# - Except where an exercise says otherwise, gradients must flow from the results to the inputs: no `.detach()`, no `.item()`, no numpy
#   on the way.
# - Write the thing itself. `nn.RNN`, `nn.LSTM`, `nn.GRU`, their cells, `clip_grad_norm_` and the functions of
#   `attn_course.recurrence` are ready-made answers and earn nothing. The one exception: `Seq2Seq` is built from `nn.GRU`.

# %% [markdown]
# ## rnn_step
#
# **Difficulty 1 of 5 · 10 minutes · 2 points**
#
# A recurrent network reads a sequence one step at a time and keeps what it has read in a *state*. One step mixes the new input with
# the old state:
#
# $$h_t = \tanh(x_t W_x + h_{t-1} W_h + b)$$
#
# Write `rnn_step(x, hidden, W_x, W_h, bias)`, which returns $h_t$. Sums of ±1000 are valid and must give ±1, not NaN. The gradients to
# all five inputs are graded.
#
# **By hand.** Take $x = (1)$, $h = (0.5, -0.5)$, $W_x = (0.5, -1)$, $b = (0.1, 0.2)$ and
# $W_h = \begin{pmatrix} 1 & 0 \\ 2 & 1 \end{pmatrix}$. Then $x W_x = (0.5, -1)$ and
# $h W_h = (0.5 \cdot 1 - 0.5 \cdot 2,\; 0.5 \cdot 0 - 0.5 \cdot 1) = (-0.5, -0.5)$. The sum is $(0.1, -1.3)$ and the new state
# $(0.0997, -0.8617)$.

# %% nbgrader={"grade": false, "grade_id": "rnn_step-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rnn_step(x, hidden, W_x, W_h, bias):
    """Mix one input into the state.

    Args:
        x: (*batch, d_in), the input of this step.
        hidden: (*batch, d_hidden), the state after the previous step.
        W_x: (d_in, d_hidden), weights from input to state.
        W_h: (d_hidden, d_hidden), weights from state to state.
        bias: (d_hidden,).

    Returns:
        The state after this step, (*batch, d_hidden).
    """
    ### BEGIN SOLUTION
    return torch.tanh(x @ W_x + hidden @ W_h + bias)
    ### END SOLUTION


# %% [markdown]
# A cell to play in: the example above.

# %%
W_x, W_h, bias = torch.tensor([[0.5, -1.0]]), torch.tensor([[1.0, 0.0], [2.0, 1.0]]), torch.tensor([0.1, 0.2])
# rnn_step(torch.tensor([1.0]), torch.tensor([0.5, -0.5]), W_x, W_h, bias)  # 0.0997, -0.8617

# %% nbgrader={"grade": true, "grade_id": "rnn_step", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("rnn_step", rnn_step)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The operator `@` multiplies the last axis of `x` with the first axis of `W_x` and leaves all leading axes of `x` alone.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# There is one sum and one tanh around it: `torch.tanh(... + ... + bias)`.
#
# </details>

# %% [markdown]
# ## lstm_step
#
# **Difficulty 2 of 5 · 20 minutes · 3 points**
#
# The LSTM keeps a second vector, the *cell* $c$, to which it adds instead of pushing it through weights at every step. Three gates,
# numbers between 0 and 1, say how much is added, how much is kept and how much is shown. All come from one product whose columns are
# stacked in the order **input, forget, candidate, output**, `d_hidden` columns each:
#
# $$(i, f, g, o) = x_t W_x + h_{t-1} W_h + b$$
#
# $$c_t = \sigma(f)\, c_{t-1} + \sigma(i) \tanh(g) \qquad\qquad h_t = \sigma(o) \tanh(c_t)$$
#
# Products without a sign are entry by entry, and $\sigma$ is the sigmoid. Write `lstm_step(x, hidden, cell, W_x, W_h, bias)`, which
# returns the pair $(h_t, c_t)$, in this order. Gates of ±1000 are valid: there the sigmoid is 0 or 1 and the tanh ±1, never NaN. The
# gradients to all six inputs are graded, through both results.
#
# **By hand.** All sizes are 1. Let $x = 1$, $h = 0$, $c = 2$, $b = 0$ and $W_x = (0, 1.0986, 0.5493, 0)$. The gates are
# $\sigma(0) = 0.5$ for the input, $\sigma(1.0986) = 0.75$ for forgetting and $\sigma(0) = 0.5$ for the output; the candidate is
# $\tanh(0.5493) = 0.5$. So $c_t = 0.75 \cdot 2 + 0.5 \cdot 0.5 = 1.75$ and $h_t = 0.5 \tanh(1.75) = 0.4707$.


# %% nbgrader={"grade": false, "grade_id": "lstm_step-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lstm_step(x, hidden, cell, W_x, W_h, bias):
    """Keep part of the cell, add part of a candidate, show part of the result.

    Args:
        x: (*batch, d_in), the input of this step.
        hidden: (*batch, d_hidden), what was shown after the previous step.
        cell: (*batch, d_hidden), the cell after the previous step.
        W_x: (d_in, 4 * d_hidden), columns stacked as input, forget, candidate, output.
        W_h: (d_hidden, 4 * d_hidden), stacked alike.
        bias: (4 * d_hidden,), stacked alike.

    Returns:
        (hidden, cell) after this step, both (*batch, d_hidden).
    """
    ### BEGIN SOLUTION
    gates = x @ W_x + hidden @ W_h + bias  # (*batch, 4 * d_hidden)
    input_gate, forget_gate, candidate, output_gate = gates.chunk(4, dim=-1)
    cell = torch.sigmoid(forget_gate) * cell + torch.sigmoid(input_gate) * torch.tanh(candidate)
    return torch.sigmoid(output_gate) * torch.tanh(cell), cell
    ### END SOLUTION


# %% [markdown]
# A cell to play in: the example above.

# %%
one, zero = torch.ones(1), torch.zeros(1)
W_x = torch.tensor([[0.0, 1.0986, 0.5493, 0.0]])
# lstm_step(one, zero, 2 * one, W_x, torch.zeros(1, 4), torch.zeros(4))  # 0.4707 and 1.75

# %% nbgrader={"grade": true, "grade_id": "lstm_step", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("lstm_step", lstm_step)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `gates.chunk(4, dim=-1)` cuts the last axis into four equal blocks.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Write the two equations one after the other. The second uses the *new* cell.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# A sigmoid written as $e^z / (1 + e^z)$ is $\infty / \infty$ at $z = 1000$. `torch.sigmoid` is safe.
#
# </details>

# %% [markdown]
# ## run_rnn
#
# **Difficulty 2 of 5 · 25 minutes · 3 points**
#
# Sequences of different lengths share one tensor, filled up at the end with *padding*. What the padding holds must not matter.
#
# Write `run_rnn(inputs, lengths, W_x, W_h, bias)`, which applies the step of `rnn_step` along the time axis, from a state of zeros, and
# returns two tensors:
#
# - `states`, the state after every time step, and **0 where a sequence has ended**. It keeps all `time` steps, even if no sequence is
#   that long.
# - `final`, for each sequence the state after **its own last step**.
#
# `lengths` is int64 of shape `(batch,)`, with $1 \le$ length $\le$ `time`, in any order. Padding may hold any finite values, up to a
# million. Sums of ±1000 are valid. The gradients to `inputs`, `W_x`, `W_h` and `bias` are graded, through both results. The inputs of
# padding have gradient 0.
#
# **By hand.** Let all widths be 1, $W_x = 0.5$, $W_h = 1$, $b = 0$. The first sequence is 1, 2. The second is 3, followed by padding of
# 99; so `lengths` is (2, 1). The first has the states $\tanh(0.5) = 0.4621$ and $\tanh(1 + 0.4621) = 0.8981$. The second has
# $\tanh(1.5) = 0.9051$ and then 0. `final` is (0.8981, 0.9051).


# %% nbgrader={"grade": false, "grade_id": "run_rnn-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def run_rnn(inputs, lengths, W_x, W_h, bias):
    """Run an RNN over padded sequences, from a state of zeros.

    Args:
        inputs: (batch, time, d_in), each sequence padded at its end.
        lengths: (batch,), int64, the true number of steps of each sequence, from 1 to time.
        W_x: (d_in, d_hidden).
        W_h: (d_hidden, d_hidden).
        bias: (d_hidden,).

    Returns:
        states, (batch, time, d_hidden), 0 after each sequence's length, and
        final, (batch, d_hidden), the state after each sequence's own last step.
    """
    ### BEGIN SOLUTION
    batch, time, _ = inputs.shape
    hidden = inputs.new_zeros(batch, W_h.shape[0])
    states = []
    for t in range(time):
        running = (t < lengths).unsqueeze(-1)  # (batch, 1)
        new = torch.tanh(inputs[:, t] @ W_x + hidden @ W_h + bias)
        hidden = torch.where(running, new, hidden)  # a sequence that has ended keeps its state
        states.append(torch.where(running, new, torch.zeros_like(new)))
    return torch.stack(states, dim=1), hidden
    ### END SOLUTION


# %% [markdown]
# A cell to play in: the example above. What changes if you write another number for 99?

# %%
inputs = torch.tensor([[[1.0], [2.0]], [[3.0], [99.0]]])
lengths = torch.tensor([2, 1])
# run_rnn(inputs, lengths, torch.tensor([[0.5]]), torch.tensor([[1.0]]), torch.zeros(1))

# %% nbgrader={"grade": true, "grade_id": "run_rnn", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("run_rnn", run_rnn)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Step `t` belongs to the sequences with `t < lengths`. With `.unsqueeze(-1)` that becomes `(batch, 1)` and meets `(batch, d_hidden)`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Two ways to `final`: keep the old state where a sequence has ended, with `torch.where`; or pick `states[row, lengths - 1]` with `row = torch.arange(batch)`.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# Collect the states in a list and end with `torch.stack(states, dim=1)`: writing into a tensor in place is possible too, but make it with `inputs.new_zeros(...)`.
#
# </details>

# %% [markdown]
# ## state_jacobian_norms
#
# **Difficulty 4 of 5 · 35 minutes · 3 points**
#
# How strongly does an early state still move the last one? The derivative of one step, with $h_t = \tanh(\ldots + h_{t-1} W_h)$, is the
# matrix
#
# $$J_t = \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)\, W_h^\top ,$$
#
# whose entry in row $j$ and column $i$ says how entry $i$ of $h_{t-1}$ moves entry $j$ of $h_t$. It holds the slope of the tanh,
# $1 - h_t^2$ (squared entry by entry, on the diagonal of a matrix of zeros), and the weights. From a state to the last one, $h_T$, the
# steps between multiply:
#
# $$\frac{\partial h_T}{\partial h_t} = J_T\, J_{T-1} \cdots J_{t+1}$$
#
# Write `state_jacobian_norms(states, W_h)`, which returns for every state the **spectral norm** of this product, the largest singular
# value: the most that a small change of $h_t$ can be stretched on its way to $h_T$. The last entry belongs to $h_T$ itself: the product
# is empty, the identity, with norm 1. States of ±1, where the slope is 0, are valid, and so is a single state. The norms are there to be
# looked at: no gradient is graded here, and numpy is allowed. Go there by `.detach().cpu().numpy()` and come back to the dtype and
# device of `states`, so that it works on a GPU too.
#
# **By hand.** Let $W_h = \begin{pmatrix} 0 & 2 \\ 1 & 0 \end{pmatrix}$ and the three states $h_1 = (0.3, 0.3)$, $h_2 = (0, 0.5)$,
# $h_3 = (0.5, 0)$. The slopes at $h_3$ are $(0.75, 1)$, at $h_2$ $(1, 0.75)$, and $W_h^\top$ is
# $\begin{pmatrix} 0 & 1 \\ 2 & 0 \end{pmatrix}$:
#
# $$J_3 = \begin{pmatrix} 0 & 0.75 \\ 2 & 0 \end{pmatrix} \qquad J_2 = \begin{pmatrix} 0 & 1 \\ 1.5 & 0 \end{pmatrix} \qquad
# J_3 J_2 = \begin{pmatrix} 1.125 & 0 \\ 0 & 2 \end{pmatrix}$$
#
# The norms are 2 for $J_3 J_2$, 2 for $J_3$, and 1: the result is (2, 2, 1). The product of the norms of $J_3$ and $J_2$,
# $2 \cdot 1.5 = 3$, is only an upper bound. The first state itself plays no part.


# %% nbgrader={"grade": false, "grade_id": "state_jacobian_norms-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def state_jacobian_norms(states, W_h):
    """Measure how strongly each state still moves the last one.

    Args:
        states: (time, d_hidden), the states of an RNN along one sequence.
        W_h: (d_hidden, d_hidden), its weights from state to state: h_t = tanh(... + h_(t-1) @ W_h).

    Returns:
        (time,), the spectral norm of d h_T / d h_t for every t. The last entry is 1.
    """
    ### BEGIN SOLUTION
    jacobian = torch.eye(W_h.shape[0], dtype=W_h.dtype, device=W_h.device)  # d h_T / d h_T
    norms = [W_h.new_ones(())]
    for t in range(len(states) - 1, 0, -1):
        slope = 1 - states[t] ** 2  # of the tanh that gave states[t]
        jacobian = jacobian @ torch.diag(slope) @ W_h.T  # now d h_T / d h_(t-1)
        norms.append(torch.linalg.matrix_norm(jacobian, ord=2))
    return torch.stack(norms[::-1])
    ### END SOLUTION


# %% [markdown]
# A cell to play in: the example above.

# %%
states = torch.tensor([[0.3, 0.3], [0.0, 0.5], [0.5, 0.0]])
W_h = torch.tensor([[0.0, 2.0], [1.0, 0.0]])
# state_jacobian_norms(states, W_h)  # 2, 2, 1

# %% nbgrader={"grade": true, "grade_id": "state_jacobian_norms", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("state_jacobian_norms", state_jacobian_norms)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Go from the end to the start. Keep the product so far and multiply one more $J$ to its *right*.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `states[t]` counts from 0. The step from `states[t - 1]` to `states[t]` has the slope `1 - states[t] ** 2`.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# `torch.linalg.matrix_norm(J, ord=2)` is the largest singular value. Without `ord=2` it is the Frobenius norm.
#
# </details>

# %% [markdown]
# ## clip_gradients
#
# **Difficulty 2 of 5 · 15 minutes · 2 points**
#
# Where gradients explode, one step of training can throw all weights away. *Clipping* shortens a gradient that is too long, without
# turning it. The gradients of all parameters together are one long vector $g$. With $m$ for `max_norm`:
#
# $$g \leftarrow g \cdot \frac{m}{\lVert g \rVert} \quad \text{if } \lVert g \rVert > m$$
#
# Write `clip_gradients(gradients, max_norm)` for a list of tensors of any shapes. It returns the pair of the clipped tensors, in the same
# order (any sequence of tensors), and the norm **before** clipping (a float or a 0-dim tensor). A gradient below `max_norm` stays as it
# is, and all-zero gradients are valid and stay zero. The given tensors are not changed. A small number added to the norm, as in
# `norm + 1e-6`, does no harm. No gradient flows through this function, so none is graded.
#
# **By hand.** The tensors $(3, 0)$ and $(4)$ together have the norm $\sqrt{9 + 16} = 5$. With `max_norm` 1 both are multiplied by $1/5$: they
# become $(0.6, 0)$ and $(0.8)$, and the norm returned is 5. With `max_norm` 10 they stay as they are.


# %% nbgrader={"grade": false, "grade_id": "clip_gradients-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def clip_gradients(gradients, max_norm):
    """Shorten a gradient that is too long, without turning it.

    Args:
        gradients: a list of tensors of any shapes.
        max_norm: a number above 0, the greatest norm allowed.

    Returns:
        The clipped tensors, in the same order and shapes, and the norm before clipping.
    """
    ### BEGIN SOLUTION
    norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients))
    factor = (max_norm / norm).clamp(max=1)  # a norm of 0 gives infinity, and so 1
    return [gradient * factor for gradient in gradients], norm
    ### END SOLUTION


# %% [markdown]
# A cell to play in: the example above.

# %%
gradients = [torch.tensor([3.0, 0.0]), torch.tensor([4.0])]
# clip_gradients(gradients, 1.0)

# %% nbgrader={"grade": true, "grade_id": "clip_gradients", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("clip_gradients", clip_gradients)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The norm of all entries is the square root of the sum of all squares, over all tensors. The norms of the tensors do not simply add up.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# One factor for all: `max_norm / norm`, but never above 1.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# Multiply with `*`, which makes a new tensor. `*=` and `mul_` would change the one you were given.
#
# </details>

# %% [markdown]
# ## Seq2Seq
#
# **Difficulty 3 of 5 · 35 minutes · 4 points**
#
# To translate, an *encoder* reads the source into one vector, the *summary*; a *decoder* starts from it and writes the target. Nothing
# else passes between them: this is the bottleneck of the chapter's title.
#
# The constructor is given, and with it every parameter. Write `forward(source, source_lengths, target_in)`:
#
# 1. Embed the source and run the encoder over it. The summary of a source is the encoder's state **after its own last token**. What
#    stands in the padding after it must not matter; it may be any token.
# 2. Embed `target_in` and run the decoder over it, **with the summary as its first state**. This is teacher forcing: `target_in` begins
#    with the start token and holds the true tokens, so the decoder reads it as it stands, and position $t$ predicts the token after
#    `target_in[:, t]`.
# 3. Turn the decoder's states into logits with `self.output`. No softmax: the loss does that.
#
# Here you may use `nn.GRU`, on whole sequences or step by step, and `pack_padded_sequence` of `torch.nn.utils.rnn`. Leave the constructor
# as it is: the check loads its own weights into these parameters, by name and shape (for a GRU as torch stacks them: reset, update,
# candidate):
#
# | parameter | shape | | parameter | shape |
# |---|---|---|---|---|
# | `embed_source.weight` | (vocab_source, d_embed) | | `embed_target.weight` | (vocab_target, d_embed) |
# | `encoder.weight_ih_l0` | (3 d_hidden, d_embed) | | `decoder.weight_ih_l0` | (3 d_hidden, d_embed) |
# | `encoder.weight_hh_l0` | (3 d_hidden, d_hidden) | | `decoder.weight_hh_l0` | (3 d_hidden, d_hidden) |
# | `encoder.bias_ih_l0`, `encoder.bias_hh_l0` | (3 d_hidden,) | | `decoder.bias_ih_l0`, `decoder.bias_hh_l0` | (3 d_hidden,) |
# | `output.weight` | (vocab_target, d_hidden) | | `output.bias` | (vocab_target,) |
#
# You need not write the GRU yourself. For the record: with the state $h$ before and the embedded token $x$, it computes $r = \sigma(x W_{ir} + b_{ir} + h W_{hr} + b_{hr})$, $z =
# \sigma(x W_{iz} + b_{iz} + h W_{hz} + b_{hz})$, $n = \tanh(x W_{in} + b_{in} + r\,(h W_{hn} + b_{hn}))$ and the new state $(1 - z)\,n + z\,h$; its weights
# are the blocks of `weight_ih_l0` and `weight_hh_l0`, transposed. Lengths are from 1 to the number of columns, in any order. The gradients to all
# parameters are graded.
#
# **By hand.** Let `source` be (5, 3, 2) and (7, 0, 0) with `source_lengths` (3, 1). Number the encoder's states of each source 0, 1, 2. The
# first summary is state 2, the second is state 0. With `target_in` (1, 4, 6), where 1 is the start token, there are three rows of logits:
# for the token after 1, after 1 4 and after 1 4 6. If you write other tokens for the two zeros of the second source, no logit may change.


# %% nbgrader={"grade": false, "grade_id": "Seq2Seq-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Seq2Seq(nn.Module):
    """Read a source into one vector, then write a target from that vector alone."""

    def __init__(self, vocab_source, vocab_target, d_embed, d_hidden):
        super().__init__()
        self.embed_source = nn.Embedding(vocab_source, d_embed)
        self.embed_target = nn.Embedding(vocab_target, d_embed)
        self.encoder = nn.GRU(d_embed, d_hidden, batch_first=True)
        self.decoder = nn.GRU(d_embed, d_hidden, batch_first=True)
        self.output = nn.Linear(d_hidden, vocab_target)

    def forward(self, source, source_lengths, target_in):
        """Predict each next target token from the source and the true tokens before it.

        Args:
            source: (batch, source), int64 tokens, padded at the end.
            source_lengths: (batch,), int64, the true length of each source.
            target_in: (batch, target), int64 tokens, beginning with the start token.

        Returns:
            Logits, (batch, target, vocab_target).
        """
        ### BEGIN SOLUTION
        states, _ = self.encoder(self.embed_source(source))  # (batch, source, d_hidden)
        row = torch.arange(len(source), device=source.device)
        # The encoder reads from left to right: a source's own last state has not seen its padding.
        summary = states[row, source_lengths - 1]  # (batch, d_hidden)
        states, _ = self.decoder(self.embed_target(target_in), summary.unsqueeze(0))
        return self.output(states)  # (batch, target, vocab_target)
        ### END SOLUTION


# %% [markdown]
# A cell to play in: change the padding of the second source. Do the logits change?

# %%
torch.manual_seed(0)
model = Seq2Seq(vocab_source=8, vocab_target=9, d_embed=4, d_hidden=6)
source, source_lengths = torch.tensor([[5, 3, 2], [7, 0, 0]]), torch.tensor([3, 1])
target_in = torch.tensor([[1, 4, 6], [1, 8, 2]])
# model(source, source_lengths, target_in).shape  # (2, 3, 9)

# %% nbgrader={"grade": true, "grade_id": "Seq2Seq", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("Seq2Seq", Seq2Seq)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `nn.GRU` returns two things: the states after every step, `(batch, time, d_hidden)`, and the state after the last column, `(1, batch, d_hidden)`. After padding, the second is not what you want.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `states[row, source_lengths - 1]`, with `row = torch.arange(batch)` on the device of the source, takes one state from each row.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# The first state goes in as second argument: `self.decoder(embedded, summary.unsqueeze(0))`.
#
# </details>
#
# <details><summary>Hint 4</summary>
#
# With `pack_padded_sequence` give `source_lengths.cpu()`, `batch_first=True` and `enforce_sorted=False`; the second result of the GRU is then right.
#
# </details>

# %% [markdown]
# ## greedy_decode
#
# **Difficulty 3 of 5 · 25 minutes · 3 points**
#
# Once trained, a decoder writes a sequence by itself: it takes the likeliest token, reads it as its next input, and so on until it
# writes the end token. In a batch the sequences end at different times.
#
# Write `greedy_decode(step, state, start, end, max_len)`. The function `step(token, state)` takes the tokens just written, `(batch,)`, and a
# state, and returns the logits of the tokens that follow, `(batch, vocab)`, and the next state. What a state is only `step` knows: a tensor, a
# pair, a dict. Hand it on as it is.
#
# - Begin with the tokens `start` and the given state. Then always feed the tokens just written and the state returned last.
# - At most `max_len` tokens are written (`max_len` is at least 1).
# - The result does not contain `start`, and `start` ends nothing, even if it is the end token. Each sequence includes the first `end` that it
#   writes, and after it holds `end` alone, whatever `step` says.
# - The result is int64 and may be as wide as anything between the longest sequence and `max_len`, filled with `end`. So you may stop when all
#   sequences have ended, or not.
# - Tokens are whole numbers: no gradient flows through this function, so none is graded.
#
# **By hand.** Let the end token be 0, and let `step` say: after 1 comes 2, after 2 comes 3, after 3 comes 0, after 0 comes 2. From `start` (1, 3),
# with `max_len` 5, the first sequence is 2, 3, 0. The second is 0 at once; after that `step` would say 2, but the sequence has ended. The result is
# (2, 3, 0) and (0, 0, 0), or the same with up to two more columns of 0.


# %% nbgrader={"grade": false, "grade_id": "greedy_decode-answer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def greedy_decode(step, state, start, end, max_len):
    """Write the likeliest next token again and again, until every sequence has ended.

    Args:
        step: step(token, state) -> (logits, state), with token (batch,) and logits (batch, vocab).
        state: what step takes at first.
        start: (batch,), int64, the token before the first, for each sequence.
        end: int, the token that ends a sequence.
        max_len: int, the greatest number of tokens to write, at least 1.

    Returns:
        Tokens, int64, (batch, length) with length <= max_len.
    """
    ### BEGIN SOLUTION
    token = start
    ended = torch.zeros_like(start, dtype=torch.bool)
    tokens = []
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1).masked_fill(ended, end)  # (batch,)
        tokens.append(token)
        ended = ended | (token == end)
        if ended.all():
            break
    return torch.stack(tokens, dim=1)
    ### END SOLUTION


# %% [markdown]
# A cell to play in: the example above. Row `i` of the table holds the logits after token `i`.

# %%
table = torch.eye(4)[[2, 2, 3, 0]]  # after 0 comes 2, after 1 comes 2, after 2 comes 3, after 3 comes 0
# greedy_decode(lambda token, state: (table[token], state), None, torch.tensor([1, 3]), end=0, max_len=5)

# %% nbgrader={"grade": true, "grade_id": "greedy_decode", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("greedy_decode", greedy_decode)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The likeliest token of each sequence is `logits.argmax(dim=-1)`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Keep a boolean tensor `ended`, one entry for each sequence, and add to it: `ended = ended | (token == end)`.
#
# </details>
#
# <details><summary>Hint 3</summary>
#
# `token.masked_fill(ended, end)` writes `end` where a sequence had ended *before* this step, so use it before you update `ended`.
#
# </details>
