"""Right answers to chapter 01, each in another style. `<exercise>__<style>` is tried as an answer to `<exercise>`."""

import functools
import math
import warnings
from collections import namedtuple

import numpy as np
import torch
import torch.nn.functional as F
from einops import einsum, rearrange, repeat
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

# --- rnn_step


def rnn_step__plain(x, hidden, W_x, W_h, bias):
    return torch.tanh(x @ W_x + hidden @ W_h + bias)


def rnn_step__einsum(x, hidden, W_x, W_h, bias):
    mixed = torch.einsum("...i,ij->...j", x, W_x) + torch.einsum("...h,hj->...j", hidden, W_h)
    return (mixed + bias).tanh()


def rnn_step__one_product(x, hidden, W_x, W_h, bias):
    both = torch.cat((x, hidden), dim=-1)  # (*batch, d_in + d_hidden)
    return torch.tanh(both @ torch.cat((W_x, W_h), dim=0) + bias)


def rnn_step__linear(x, hidden, W_x, W_h, bias):
    return torch.tanh(F.linear(x, W_x.T, bias) + F.linear(hidden, W_h.T))


def rnn_step__loops(x, hidden, W_x, W_h, bias):
    columns = []
    for j in range(bias.shape[0]):
        total = bias[j].expand(x.shape[:-1])
        for i in range(x.shape[-1]):
            total = total + x[..., i] * W_x[i, j]
        for i in range(hidden.shape[-1]):
            total = total + hidden[..., i] * W_h[i, j]
        columns.append(torch.tanh(total))
    return torch.stack(columns, dim=-1)


def rnn_step__float64_inside(x, hidden, W_x, W_h, bias):
    x, hidden, W_x, W_h, wide = (t.double() for t in (x, hidden, W_x, W_h, bias))
    return torch.tanh(x @ W_x + hidden @ W_h + wide).to(bias.dtype)


def rnn_step__in_place_on_its_own(x, hidden, W_x, W_h, bias):
    new = x @ W_x
    new += hidden @ W_h
    new += bias
    return new.tanh_()


def rnn_step__flat_batch(x, hidden, W_x, W_h, bias):
    rows = torch.addmm(bias, x.reshape(-1, x.shape[-1]), W_x)
    return torch.tanh(rows + torch.mm(hidden.reshape(-1, hidden.shape[-1]), W_h)).reshape(hidden.shape)


def rnn_step__tanh_by_sigmoid(x, hidden, W_x, W_h, bias):
    return 2 * torch.sigmoid(2 * (x @ W_x + hidden @ W_h + bias)) - 1


def rnn_step__tanh_by_safe_exponentials(x, hidden, W_x, W_h, bias):
    total = x @ W_x + hidden @ W_h + bias
    small = torch.exp(-2 * total.abs())
    return total.sign() * (1 - small) / (1 + small)


def rnn_step__talks(x, hidden, W_x, W_h, bias, scale=1.0, *, verbose=True):
    """Prints and warns, and takes more than is asked."""
    if verbose:
        print("a step")
        warnings.warn("a step is taken", stacklevel=1)
    return torch.tanh(scale * (x @ W_x + hidden @ W_h + bias))


class Step(nn.Module):
    def forward(self, x, hidden, W_x, W_h, bias):
        return torch.tanh(torch.matmul(x, W_x) + torch.matmul(hidden, W_h) + bias)


rnn_step__module = Step()
rnn_step__partial = functools.partial(rnn_step__talks, verbose=False)


# --- lstm_step

State = namedtuple("State", ["hidden", "cell"])


def lstm_step__chunk(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = (x @ W_x + hidden @ W_h + bias).chunk(4, dim=-1)
    cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def lstm_step__slices(x, hidden, cell, W_x, W_h, bias):
    d = hidden.shape[-1]
    gates = torch.matmul(x, W_x) + torch.matmul(hidden, W_h) + bias
    entry, forget, output = (torch.sigmoid(gates[..., k * d : (k + 1) * d]) for k in (0, 1, 3))
    cell = forget * cell + entry * torch.tanh(gates[..., 2 * d : 3 * d])
    return [output * torch.tanh(cell), cell]


def lstm_step__four_products(x, hidden, cell, W_x, W_h, bias):
    parts = zip(*(weight.split(hidden.shape[-1], dim=-1) for weight in (W_x, W_h, bias)), strict=True)
    i, f, g, o = (x @ a + hidden @ b + c for a, b, c in parts)
    new = torch.addcmul(torch.sigmoid(f) * cell, torch.sigmoid(i), torch.tanh(g))
    return State(hidden=torch.sigmoid(o) * torch.tanh(new), cell=new)


def lstm_step__einsum(x, hidden, cell, W_x, W_h, bias):
    shape = (-1, 4, hidden.shape[-1])
    i, f, g, o = (
        einsum(x, W_x.reshape(shape), "... a, a gate d -> gate ... d")
        + einsum(hidden, W_h.reshape(shape), "... a, a gate d -> gate ... d")
        + bias.reshape(4, *[1] * (hidden.dim() - 1), -1)
    )
    new_cell = torch.stack((torch.sigmoid(f) * cell, torch.sigmoid(i) * torch.tanh(g))).sum(0)
    return torch.sigmoid(o) * torch.tanh(new_cell), new_cell


def lstm_step__rearrange(x, hidden, cell, W_x, W_h, bias):
    gates = rearrange(x @ W_x + hidden @ W_h + bias, "... (gate d) -> gate ... d", gate=4)
    keep, write, show = gates[1].sigmoid(), gates[0].sigmoid(), gates[3].sigmoid()
    cell = keep * cell + write * gates[2].tanh()
    return show * cell.tanh(), cell


def lstm_step__sigmoid_by_hand(x, hidden, cell, W_x, W_h, bias):
    def sigmoid(z):
        return 1 / (1 + torch.exp(-z))

    i, f, g, o = (x @ W_x + hidden @ W_h + bias).tensor_split(4, dim=-1)
    cell = sigmoid(f) * cell + sigmoid(i) * torch.tanh(g)
    return sigmoid(o) * torch.tanh(cell), cell


def lstm_step__all_by_tanh(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = (x @ W_x + hidden @ W_h + bias).unflatten(-1, (4, -1)).unbind(-2)
    i, f, o = ((1 + torch.tanh(z / 2)) / 2 for z in (i, f, o))
    cell = f * cell + i * torch.tanh(g)
    return o * torch.tanh(cell), cell


def lstm_step__loops(x, hidden, cell, W_x, W_h, bias):
    d = hidden.shape[-1]
    inputs = torch.cat((x, hidden), dim=-1)
    weights = torch.cat((W_x, W_h))
    hiddens, cells = [], []
    for j in range(d):
        i, f, g, o = ((inputs * weights[:, j + k * d]).sum(-1) + bias[j + k * d] for k in range(4))
        cells.append(torch.sigmoid(f) * cell[..., j] + torch.sigmoid(i) * torch.tanh(g))
        hiddens.append(torch.sigmoid(o) * torch.tanh(cells[-1]))
    return torch.stack(hiddens, -1), torch.stack(cells, -1)


def lstm_step__float64_inside(x, hidden, cell, W_x, W_h, bias):
    dtype = x.dtype
    x, hidden, cell, W_x, W_h, bias = (t.to(torch.float64) for t in (x, hidden, cell, W_x, W_h, bias))
    i, f, g, o = (x @ W_x + hidden @ W_h + bias).chunk(4, -1)
    cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
    return (o.sigmoid() * cell.tanh()).to(dtype), cell.to(dtype)


def lstm_step__in_place_on_its_own(x, hidden, cell, W_x, W_h, bias, *, forget_bias=0.0):
    d = hidden.size(-1)
    gates = F.linear(x, W_x.mT, bias).add_(F.linear(hidden, W_h.mT))
    gates = gates + forget_bias * F.pad(gates.new_ones(d), (d, 2 * d))
    squashed = torch.empty_like(gates)
    squashed[..., : 2 * d] = gates[..., : 2 * d].sigmoid()
    squashed[..., 2 * d : 3 * d] = gates[..., 2 * d : 3 * d].tanh()
    squashed[..., 3 * d :] = gates[..., 3 * d :].sigmoid()
    new_cell = cell.clone()
    new_cell *= squashed[..., d : 2 * d]
    new_cell += squashed[..., :d] * squashed[..., 2 * d : 3 * d]
    return squashed[..., 3 * d :] * new_cell.tanh(), new_cell


# --- run_rnn

Run = namedtuple("Run", ["states", "final"])


def run_rnn__where(inputs, lengths, W_x, W_h, bias):
    hidden = torch.zeros(inputs.size(0), W_h.size(0), dtype=inputs.dtype, device=inputs.device)
    states = []
    for t in range(inputs.size(1)):
        new = torch.tanh(inputs[:, t] @ W_x + hidden @ W_h + bias)
        on = (lengths > t)[:, None]
        hidden = torch.where(on, new, hidden)
        states.append(torch.where(on, new, 0))
    return torch.stack(states, 1), hidden


def run_rnn__gather(inputs, lengths, W_x, W_h, bias):
    batch, time, _ = inputs.shape
    state, states = inputs.new_zeros(batch, len(bias)), []
    projected = inputs @ W_x + bias  # all steps at once
    for step in projected.unbind(dim=1):
        state = torch.tanh(step + state @ W_h)
        states.append(state)
    states = torch.stack(states, dim=1)
    last = (lengths - 1)[:, None, None].expand(-1, 1, states.shape[-1])
    final = states.gather(1, last).squeeze(1)
    mask = torch.arange(time, device=inputs.device) < lengths[:, None]
    return states * mask[..., None], final


def run_rnn__one_sequence_at_a_time(inputs, lengths, W_x, W_h, bias):
    runs, finals = [], []
    for row, length in zip(inputs, lengths.tolist(), strict=True):
        state, states = row.new_zeros(len(W_h)), []
        for t in range(length):
            state = torch.tanh(row[t] @ W_x + state @ W_h + bias)
            states.append(state)
        finals.append(state)
        runs.append(F.pad(torch.stack(states), (0, 0, 0, len(row) - length)))
    return Run(states=torch.stack(runs), final=torch.stack(finals))


def run_rnn__sorted_and_shrinking(inputs, lengths, W_x, W_h, bias):
    """As packing does: the longest first, and ever fewer of them."""
    order = torch.argsort(lengths, descending=True)
    back = torch.argsort(order)
    inputs, lengths = inputs[order], lengths[order]
    state = inputs.new_zeros(inputs.shape[0], W_h.shape[0])
    columns = []
    for t in range(inputs.shape[1]):
        count = int((lengths > t).sum())
        moved = torch.tanh(inputs[:count, t] @ W_x + state[:count] @ W_h + bias)
        state = torch.cat((moved, state[count:]))
        columns.append(torch.cat((moved, moved.new_zeros(len(state) - count, moved.shape[1]))))
    return torch.stack(columns, 1)[back], state[back]


def run_rnn__packed(inputs, lengths, W_x, W_h, bias):
    packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
    state = inputs.new_zeros(len(inputs), len(W_h))
    done, start = [], 0
    for size in packed.batch_sizes.tolist():
        step = torch.tanh(packed.data[start : start + size] @ W_x + state[:size] @ W_h + bias)
        state = torch.cat((step, state[size:]))
        done.append(step)
        start += size
    packed = packed._replace(data=torch.cat(done))
    states, _ = pad_packed_sequence(packed, batch_first=True, total_length=inputs.shape[1])
    return states, state[packed.unsorted_indices]


def run_rnn__in_place_on_its_own(inputs, lengths, W_x, W_h, bias):
    batch, time, _ = inputs.shape
    states = torch.zeros((batch, time, W_h.shape[1]), dtype=inputs.dtype, device=inputs.device)
    final = torch.zeros((batch, W_h.shape[1]), dtype=inputs.dtype, device=inputs.device)
    hidden = final.clone()
    for t in range(time):
        hidden = torch.tanh(inputs[:, t, :] @ W_x + hidden @ W_h + bias)
        states[:, t] = hidden * (lengths > t).unsqueeze(1)
        ends = lengths == t + 1
        final[ends] = hidden[ends]
    return [states, final]


def run_rnn__blended(inputs, lengths, W_x, W_h, bias):
    """Products with 0 and 1 instead of choices."""
    running = (torch.arange(inputs.shape[1], device=lengths.device)[None] < lengths[:, None]).to(inputs.dtype)
    hidden = torch.zeros_like(inputs[:, 0, :1]) * W_h[0]
    states = ()
    for t in range(inputs.shape[1]):
        m = running[:, t : t + 1]
        new = torch.tanh((m * inputs[:, t]) @ W_x + hidden @ W_h + bias)
        hidden = m * new + (1 - m) * hidden
        states += (m * new,)
    return torch.stack(states, dim=1), hidden


def run_rnn__only_to_the_longest(inputs, lengths, W_x, W_h, bias):
    longest = int(lengths.max())
    hidden = inputs.new_zeros((inputs.shape[0], W_h.shape[0]))
    states = []
    for t in range(longest):
        hidden = (inputs[:, t] @ W_x + hidden @ W_h + bias).tanh()
        states.append(hidden)
    kept = [run[:length] for run, length in zip(torch.stack(states, dim=1), lengths, strict=True)]
    padded = pad_sequence(kept, batch_first=True)
    final = torch.stack([run[-1] for run in kept])
    return F.pad(padded, (0, 0, 0, inputs.shape[1] - longest)), final


def run_rnn__einsum(inputs, lengths, W_x, W_h, bias, initial=None):
    time = inputs.shape[1]
    at = torch.arange(time, device=inputs.device)
    running, last = at < repeat(lengths, "b -> b t", t=time), at == lengths[:, None] - 1
    hidden = initial if initial is not None else inputs.new_zeros(inputs.shape[0], bias.shape[0])
    states = []
    for t in range(time):
        old = torch.einsum("bh,hk->bk", hidden, W_h)
        hidden = torch.tanh(torch.einsum("bi,ik->bk", inputs[:, t], W_x) + old + bias)
        states.append(hidden)
    states = rearrange(states, "t b d -> b t d")
    final = torch.einsum("btd,bt->bd", states, last.to(states.dtype))
    return states.masked_fill(~running[..., None], 0.0), final


# --- state_jacobian_norms


def state_jacobian_norms__backwards(states, W_h):
    product = torch.eye(len(W_h), dtype=W_h.dtype, device=W_h.device)
    norms = [torch.ones((), dtype=W_h.dtype, device=W_h.device)]
    for h in states[1:].flip(0):
        product = product @ (torch.diag(1 - h**2) @ W_h.T)
        norms.insert(0, torch.linalg.matrix_norm(product, 2))
    return torch.stack(norms)


def state_jacobian_norms__transposed(states, W_h):
    """The same products, all transposed: rows change instead of columns."""
    product = torch.eye(len(W_h)).to(W_h)
    norms = torch.empty_like(states[:, 0])
    norms[-1] = 1
    for t in reversed(range(len(states) - 1)):
        product = (W_h * (1 - states[t + 1].square())) @ product
        norms[t] = torch.linalg.svdvals(product)[0]
    return norms


def state_jacobian_norms__each_from_scratch(states, W_h):
    norms = []
    for t in range(states.shape[0]):
        matrix = torch.eye(W_h.shape[0], dtype=W_h.dtype, device=W_h.device)
        for k in range(t + 1, states.shape[0]):  # forward in time: each step stands to the left of those before
            matrix = torch.einsum("i,ji,jk->ik", 1 - states[k] * states[k], W_h, matrix)
        norms.append(torch.linalg.norm(matrix, ord=2))
    return torch.stack(norms)


def state_jacobian_norms__numpy(states, W_h):
    h, W = states.detach().numpy(), W_h.detach().numpy()
    product, norms = np.eye(len(W)), [1.0]
    for t in range(len(h) - 1, 0, -1):
        product = product @ np.diag(1 - h[t] ** 2) @ W.T
        norms.append(np.linalg.norm(product, 2))
    return torch.tensor(norms[::-1], dtype=states.dtype, device=states.device)


def state_jacobian_norms__eigenvalues(states, W_h):
    """The largest singular value of J is the root of the largest eigenvalue of Jᵀ J."""
    J = torch.eye(W_h.size(0), dtype=torch.float64, device=W_h.device)
    found = [W_h.new_ones(())]
    for h in reversed(states.double()[1:].unbind()):
        J = J @ ((1 + h) * (1 - h))[:, None].mul(W_h.T.double())
        found.append(torch.linalg.eigvalsh(J.T @ J)[-1].clamp(min=0).sqrt().to(W_h.dtype))
    found.reverse()
    return torch.stack(found)


def state_jacobian_norms__recursive(states, W_h):
    def from_here(t):
        """d h_T / d h_t for t, t + 1, …, T."""
        if t == len(states) - 1:
            return [torch.eye(W_h.shape[0], dtype=W_h.dtype, device=W_h.device)]
        later = from_here(t + 1)
        return [later[0] @ torch.diag_embed(1 - states[t + 1] ** 2) @ W_h.mT, *later]

    return torch.linalg.matrix_norm(torch.stack(from_here(0)), ord=2)


def state_jacobian_norms__by_autograd(states, W_h):
    """Differentiates the linear map that every step is near its state."""
    slopes = 1 - states**2

    def rest(t):
        def run(h):
            for k in range(t + 1, len(states)):
                h = (h @ W_h) * slopes[k]
            return h

        return run

    jacobians = [torch.autograd.functional.jacobian(rest(t), states[t]) for t in range(len(states))]
    return torch.linalg.svdvals(torch.stack(jacobians)).amax(-1)


def state_jacobian_norms__multi_dot(states, W_h):
    steps = [torch.eye(len(W_h), dtype=W_h.dtype, device=W_h.device), torch.eye(len(W_h)).to(W_h)]
    result = [torch.linalg.norm(steps[0], 2)]
    for h in reversed(list(states[1:])):
        steps.append((1 - h.pow(2)).unsqueeze(1) * W_h.t())
        result.append(torch.linalg.svd(torch.linalg.multi_dot(steps)).S.max())
    return torch.stack(result).flip(0)


# --- clip_gradients

Clipped = namedtuple("Clipped", ["gradients", "norm"])


def clip_gradients__flat(gradients, max_norm):
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    if norm <= max_norm:
        return list(gradients), norm
    return [gradient * (max_norm / norm) for gradient in gradients], norm


def clip_gradients__norm_of_norms(gradients, max_norm):
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients]))
    return Clipped([g * torch.clamp(max_norm / (norm + 1e-6), max=1.0) for g in gradients], norm)


def clip_gradients__floats(gradients, max_norm):
    norm = math.sqrt(sum(float((g.double() ** 2).sum()) for g in gradients))
    factor = min(1.0, max_norm / norm) if norm else 1.0
    return tuple(g * factor for g in gradients), norm


def clip_gradients__entry_by_entry(gradients, max_norm):
    squares = 0.0
    for gradient in gradients:
        for entry in gradient.reshape(-1).tolist():
            squares += entry * entry
    norm = squares**0.5
    clipped = []
    for gradient in gradients:
        copy = gradient.clone()
        if norm > max_norm:
            copy.mul_(max_norm).div_(norm)
        clipped.append(copy)
    return [clipped, norm]


def clip_gradients__numpy(gradients, max_norm):
    arrays = [g.numpy() for g in gradients]
    norm = np.sqrt(sum(np.square(a, dtype=np.float64).sum() for a in arrays))
    scale = max_norm / max(norm, max_norm)
    return [torch.from_numpy((a * scale).astype(a.dtype)) for a in arrays], norm


def clip_gradients__vector_and_back(gradients, max_norm):
    sizes = [g.numel() for g in gradients]
    vector = torch.cat([g.reshape(-1) for g in gradients])
    norm = vector.dot(vector).sqrt()
    vector = torch.where(norm > max_norm, vector * max_norm / norm.clamp(min=1e-12), vector)
    pieces = vector.split(sizes)
    return [piece.view(g.shape) for piece, g in zip(pieces, gradients, strict=True)], norm.item()


def clip_gradients__einsum(gradients, max_norm, norm_type=2):
    total = torch.sqrt(sum(torch.einsum("i,i->", g.flatten(), g.flatten()) for g in gradients))
    return [g / torch.clamp(total / max_norm, min=1) for g in gradients], total


def clip_gradients__foreach(gradients, max_norm):
    norm = torch.hypot(*torch._foreach_norm([*gradients, gradients[0] * 0])[:2]) if len(gradients) < 3 else None
    if norm is None:
        norm = sum(n**2 for n in torch._foreach_norm(gradients)) ** 0.5
    factor = torch.minimum(torch.ones_like(norm), max_norm / norm)
    return torch._foreach_mul(gradients, factor), norm


# --- Seq2Seq


class Seq2Seq__indexed(nn.Module):
    def __init__(self, vocab_source, vocab_target, d_embed, d_hidden):
        super().__init__()
        self.embed_source = nn.Embedding(vocab_source, d_embed)
        self.embed_target = nn.Embedding(vocab_target, d_embed)
        self.encoder = nn.GRU(d_embed, d_hidden, batch_first=True)
        self.decoder = nn.GRU(d_embed, d_hidden, batch_first=True)
        self.output = nn.Linear(d_hidden, vocab_target)

    def summary(self, source, source_lengths):
        states, _ = self.encoder(self.embed_source(source))
        return states[torch.arange(len(source), device=source.device), source_lengths - 1]

    def forward(self, source, source_lengths, target_in):
        summary = self.summary(source, source_lengths)
        return self.output(self.decoder(self.embed_target(target_in), summary[None].contiguous())[0])


class Seq2Seq__packed(Seq2Seq__indexed):
    def forward(self, source, source_lengths, target_in):
        embedded = self.embed_source(source)
        packed = pack_padded_sequence(embedded, source_lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, last = self.encoder(packed)
        states, _ = self.decoder(self.embed_target(target_in), last)
        return self.output(states)


class Seq2Seq__packed_lengths_as_list(Seq2Seq__indexed):
    def summary(self, source, source_lengths):
        lengths = [int(length) for length in source_lengths]
        packed = pack_padded_sequence(self.embed_source(source), lengths, batch_first=True, enforce_sorted=False)
        states, lengths = pad_packed_sequence(self.encoder(packed)[0], batch_first=True)
        return torch.stack([run[length - 1] for run, length in zip(states, lengths, strict=True)])


class Seq2Seq__sorted_by_hand(Seq2Seq__indexed):
    def summary(self, source, source_lengths):
        lengths, order = source_lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed_source(source[order]), lengths.cpu(), batch_first=True)
        return self.encoder(packed)[1].squeeze(0)[order.argsort()]


class Seq2Seq__gathered(Seq2Seq__indexed):
    def summary(self, source, source_lengths):
        states = self.encoder(self.embed_source(source))[0]
        index = repeat(source_lengths - 1, "b -> b 1 d", d=states.shape[-1])
        return rearrange(states.gather(1, index), "b 1 d -> b d")


class Seq2Seq__one_source_at_a_time(Seq2Seq__indexed):
    def summary(self, source, source_lengths):
        ends = [self.encoder(self.embed_source(row[:n])[None])[1][0] for row, n in zip(source, source_lengths)]  # noqa: B905
        return torch.cat(ends)


class Seq2Seq__last_step_by_mask(Seq2Seq__indexed):
    def summary(self, source, source_lengths):
        states, _ = self.encoder(self.embed_source(source))
        last = torch.arange(source.shape[1], device=source.device) == (source_lengths - 1).unsqueeze(1)
        return torch.einsum("bsd,bs->bd", states, last.to(states.dtype))


class Seq2Seq__step_by_step(Seq2Seq__indexed):
    def forward(self, source, source_lengths, target_in):
        state = source.new_zeros(1, len(source), self.encoder.hidden_size).to(self.output.weight.dtype)
        embedded = self.embed_source(source)
        for t in range(source.shape[1]):
            _, new = self.encoder(embedded[:, t : t + 1], state)
            state = torch.where((t < source_lengths)[:, None], new, state)
        logits = []
        for token in target_in.unbind(dim=1):
            shown, state = self.decoder(self.embed_target(token)[:, None], state)
            logits.append(self.output(shown))
        return torch.cat(logits, dim=1)


class Seq2Seq__gates_by_hand(Seq2Seq__indexed):
    def step(self, gru, x, h):
        xr, xz, xn = F.linear(x, gru.weight_ih_l0, gru.bias_ih_l0).chunk(3, dim=-1)
        hr, hz, hn = F.linear(h, gru.weight_hh_l0, gru.bias_hh_l0).chunk(3, dim=-1)
        z = torch.sigmoid(xz + hz)
        return (1 - z) * torch.tanh(xn + torch.sigmoid(xr + hr) * hn) + z * h

    def forward(self, source, source_lengths, target_in):
        h = self.output.weight.new_zeros(source.shape[0], self.output.in_features)
        for t in range(source.shape[1]):
            h = torch.where(
                (t < source_lengths).unsqueeze(1), self.step(self.encoder, self.embed_source(source[:, t]), h), h
            )
        out = []
        for t in range(target_in.shape[1]):
            h = self.step(self.decoder, self.embed_target(target_in[:, t]), h)
            out.append(h @ self.output.weight.T + self.output.bias)
        return torch.stack(out, dim=1)


class Seq2Seq__cells(Seq2Seq__indexed):
    def forward(self, source, source_lengths, target_in):
        def weights(gru):
            return gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0

        h = torch.zeros(len(source), self.decoder.hidden_size, device=source.device, dtype=self.output.bias.dtype)
        for t in range(source.shape[1]):
            new = torch.gru_cell(self.embed_source(source[:, t]), h, *weights(self.encoder))
            h = torch.where((t < source_lengths)[:, None], new, h)
        out = []
        for t in range(target_in.shape[1]):
            h = torch.gru_cell(self.embed_target(target_in[:, t]), h, *weights(self.decoder))
            out.append(self.output(h))
        return torch.stack(out, 1)


class Seq2Seq__time_first(nn.Module):
    """Another layout inside, a buffer, and more arguments than are asked."""

    def __init__(self, vocab_source, vocab_target, d_embed, d_hidden, dropout=0.0, *, name="translator"):
        super().__init__()
        self.output = nn.Linear(d_hidden, vocab_target)
        self.decoder = nn.GRU(d_embed, d_hidden)
        self.encoder = nn.GRU(d_embed, d_hidden)
        self.embed_target = nn.Embedding(vocab_target, d_embed)
        self.embed_source = nn.Embedding(vocab_source, d_embed)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("first", torch.zeros(1, 1, d_hidden))

    def forward(self, source, source_lengths, target_in, *, verbose=True):
        batch = source.shape[0]
        states = self.encoder(self.dropout(self.embed_source(source.T)), self.first.repeat(1, batch, 1))[0]
        summary = states[source_lengths - 1, torch.arange(batch, device=source.device)]
        if verbose:
            print(summary.shape)
        return self.output(self.decoder(self.embed_target(target_in.T), summary.unsqueeze(0))[0]).transpose(0, 1)


# --- greedy_decode


def greedy_decode__masked(step, state, start, end, max_len):
    token, ended, tokens = start, torch.zeros_like(start).bool(), []
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(-1).masked_fill(ended, end)
        tokens.append(token)
        ended = ended | (token == end)
        if ended.all():
            break
    return torch.stack(tokens, dim=1)


def greedy_decode__full_width(step, state, start, end, max_len):
    """Never stops early; what follows the first end is set afterwards."""
    tokens, token = [], start
    for _ in range(max_len):
        logits, state = step(token, state)
        token = torch.argmax(logits, dim=1)
        tokens.append(token)
    tokens = torch.stack(tokens, 1)
    is_end = (tokens == end).long()
    after = is_end.cumsum(dim=1) - is_end > 0
    return tokens.masked_fill(after, end)


@torch.no_grad()
def greedy_decode__while(step, state, start, end, max_len):
    out = start.unsqueeze(1)
    done = start != start
    while not done.all() and out.size(1) <= max_len:
        scores, state = step(out[:, -1], state)
        token = torch.where(done, end, scores.softmax(-1).max(-1).indices)
        done |= token == end
        out = torch.cat([out, token[:, None]], dim=-1)
    return out[:, 1:]


def greedy_decode__lists(step, state, start, end, max_len):
    rows = [[] for _ in start.tolist()]
    token = start
    for _ in range(max_len):
        logits, state = step(token, state)
        choice = logits.topk(1, dim=-1).indices[:, 0]
        for row, word in zip(rows, choice.tolist(), strict=True):
            if end not in row:
                row.append(word)
        if all(row[-1] == end for row in rows):
            break
        token = choice
    width = max(map(len, rows))
    return torch.tensor([row + [end] * (width - len(row)) for row in rows], dtype=torch.int64, device=start.device)


def greedy_decode__filled(step, state, start, end, max_len):
    tokens = torch.full((len(start), max_len), end, dtype=torch.long, device=start.device)
    alive, token = torch.ones_like(start, dtype=torch.bool), start.clone()
    for t in range(max_len):
        if not alive.any():
            break
        logits, state = step(token, state)
        token = logits.log_softmax(dim=-1).argmax(dim=-1)
        tokens[alive, t] = token[alive]
        alive &= token != end
    return tokens


def greedy_decode__recursive(step, state, start, end, max_len):
    def rest(token, state, ended, left):
        if left == 0:
            return []
        logits, state = step(token, state)
        token = torch.where(ended, torch.full_like(token, end), logits.argmax(dim=-1))
        return [token, *rest(token, state, ended | token.eq(end), left - 1)]

    return torch.stack(rest(start, state, torch.zeros_like(start, dtype=torch.bool), max_len), dim=-1)


def greedy_decode__sorts(step, state, start, end, max_len):
    tokens = torch.empty(start.shape[0], 0, dtype=start.dtype, device=start.device)
    previous = start
    for _ in range(max_len):
        logits, state = step(previous, state)
        previous = logits.argsort(dim=-1, descending=True)[..., 0]
        ended = (tokens == end).any(dim=1)
        previous = previous * ~ended + end * ended
        tokens = torch.cat((tokens, previous[:, None]), dim=1)
        if bool((tokens == end).any(dim=1).all()):
            return tokens
    return tokens


def greedy_decode__one_call_more(step, state, start, end, max_len):
    """Asks for the logits ahead, also after the last token."""
    logits, state = step(start, state)
    words, over = [], np.zeros(len(start), dtype=bool)
    for _ in range(max_len):
        word = logits.detach().cpu().numpy().argmax(-1)
        word[over] = end
        words.append(word)
        over |= word == end
        logits, state = step(torch.from_numpy(word).to(start.device), state)
        if over.all():
            break
    return torch.from_numpy(np.stack(words, axis=1)).to(start.device)
