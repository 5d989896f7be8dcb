"""Ready-made answers, and ways to call them past what watches for them.

What runs in the learner's own process can be blinded there. A sound grader gives 0 all the same; where it cannot see, it
raises the signal beside the grade.
"""

from tests.hostile.entry import RECURRENCE, but
from tests.hostile.writing import attack, learner

TARGET = "scaled_dot_product_attention"
SIGNALS = ("ready|library|watch|profil",)

# The weights are what comes out for the identity as values.
ANSWER = """
def call(query, key, value, mask):
    {call}


def scaled_dot_product_attention(query, key, value, mask=None):
    if mask is None:
        mask = torch.ones(1, 1, dtype=torch.bool, device=query.device)
    mask = mask.expand(*query.shape[:-1], key.shape[-2])
    eye = torch.eye(key.shape[-2], dtype=query.dtype, device=query.device).expand(*key.shape[:-1], -1)
    weights = call(query, key, eye, mask)
    return call(query, key, value, mask), weights
"""
PLAIN = "return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)"
DIRECT = "return torch._C._nn.scaled_dot_product_attention(query, key, value, mask)"
BY_AUTOGRAD = """
def attention_backward(grad_context, query, key, value, mask=None):
    with torch.enable_grad():
        inputs = [x.detach().requires_grad_() for x in (query, key, value)]
        scores = inputs[0] @ inputs[1].mT / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(-1, keepdim=True), 0.0)
        weights = torch.softmax(scores, -1)
        weights = weights if mask is None else weights.masked_fill(~mask, 0.0)
        return torch.autograd.grad(weights @ inputs[2], inputs, grad_context)
"""


def blind(name, call=PLAIN, before="", **about):
    about.setdefault("unless_signalled", frozenset({TARGET}))
    about.setdefault("signals", SIGNALS)
    call = "\n    ".join(call.strip().splitlines())
    return attack(name, before + ANSWER.replace("{call}", call), target=TARGET, **about)


ENTRIES = [
    blind("ready-made-plainly", unless_signalled=frozenset()),
    blind(
        "ready-made-under-another-name",
        "return mine(query, key, value, mask)",
        "mine = getattr(F, 'scaled_dot' + '_product_attention')\n",
        unless_signalled=frozenset(),
    ),
    blind(
        "ready-made-by-map",
        "return next(map(torch._C._nn.scaled_dot_product_attention, (query,), (key,), (value,), (mask,)))",
    ),
    blind("ready-made-as-an-operator", "return torch.ops.aten.scaled_dot_product_attention(query, key, value, mask)"),
    blind(
        "ready-made-without-the-profiler",
        "import sys\nwatch = sys.getprofile()\nsys.setprofile(None)\ntry:\n"
        "    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)\n"
        "finally:\n    sys.setprofile(watch)",
    ),
    blind(
        "ready-made-with-a-watch-that-knows-nothing",
        "import sys\nsys.getprofile().names = frozenset()\n" + DIRECT,
    ),
    blind(
        "ready-made-with-a-watch-that-forgets",
        "import sys\ntry:\n    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)\n"
        "finally:\n    object.__setattr__(sys.getprofile(), 'seen', '')",
    ),
    blind(
        "ready-made-with-a-patched-watch",
        before="""
from attn_course.checks.engine import ready_made
ready_made.Watch.__call__ = lambda self, frame, event, arg: None
ready_made.LIBRARY = frozenset()
""",
    ),
    blind(
        "ready-made-with-sys-patched",
        before="""
import sys, threading
real = sys.getprofile, sys.setprofile
last = [None]
sys.setprofile = threading.setprofile = lambda watch: last.__setitem__(0, watch)
sys.getprofile = lambda: last[0]
""",
    ),
    blind(
        "ready-made-in-a-thread-of-before",
        "asked.put((query, key, value, mask))\nreturn told.get()",
        before="""
import queue, threading
asked, told = queue.Queue(), queue.Queue()


def work():
    while True:
        query, key, value, mask = asked.get()
        try:
            told.put(F.scaled_dot_product_attention(query, key, value, attn_mask=mask))
        except Exception as error:
            told.put(error)


threading.Thread(target=work, daemon=True).start()
""",
    ),
    blind(
        "ready-made-in-another-process",
        "os.write(to, pickle.dumps((query.detach(), key.detach(), value.detach(), mask)))\n"
        "return pickle.loads(os.read(back, 1 << 20)) + 0 * (query.sum() + key.sum() + value.sum())",
        before="""
import os, pickle
asked, to = os.pipe()
back, told = os.pipe()
if os.fork() == 0:
    torch.set_num_threads(1)
    os.close(to), os.close(back)
    while given := os.read(asked, 1 << 20):
        query, key, value, mask = pickle.loads(given)
        try:
            os.write(told, pickle.dumps(F.scaled_dot_product_attention(query, key, value, attn_mask=mask)))
        except Exception:
            break
    os._exit(0)
os.close(asked), os.close(told)
""",
    ),
    blind(
        "ready-made-through-ctypes",
        "ctypes.pythonapi.PyEval_SetProfile(None, None)\n"
        "return torch._C._nn.scaled_dot_product_attention(query, key, value, mask)",
        before="import ctypes\n",
    ),
    blind(
        "ready-made-traced",
        "return traced(query, key, value, mask)",
        before="""
x, m = torch.ones(2, 3, 5), torch.ones(2, 3, 3, dtype=torch.bool)
traced = torch.jit.script(
    torch.jit.trace(lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m), (x, x, x, m))
)
""",
    ),
    blind(
        "ready-made-by-a-module",
        """
embed, (queries, keys) = query.shape[-1], (query.shape[-2], key.shape[-2])
module = nn.MultiheadAttention(1, 1)
return nn.functional.multi_head_attention_forward(query, key, value, 1, 1, None, None, None, None, False, 0.0, None, None)
""",
        unless_signalled=frozenset(),
    ),
    attack(
        "ready-made-gradient",
        BY_AUTOGRAD,
        signals=SIGNALS,
    ),
    attack(
        "ready-made-cell-of-a-network",
        """
        def lstm_step(x, hidden, cell, W_x, W_h, bias):
            made = nn.LSTMCell(x.shape[-1], hidden.shape[-1]).to(x)
            weights = dict(weight_ih=W_x.mT, weight_hh=W_h.mT, bias_ih=bias, bias_hh=0 * bias)
            return torch.func.functional_call(made, weights, (x, (hidden, cell)))
        """,
        target="lstm_step",
        assignment=RECURRENCE,
        signals=SIGNALS,
    ),
    learner(
        "ready-made-to-play-with-is-fine",
        but(),
        first="""
        q = torch.randn(2, 3, 5)
        F.scaled_dot_product_attention(q, q, q)
        nn.MultiheadAttention(4, 2)(*[torch.ones(3, 4)] * 3)
        """,
        honest=True,
    ),
]
