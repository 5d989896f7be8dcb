"""What a page shows of learners' outputs: text and pictures, and nothing that acts."""

import base64

import nbformat
import pytest

from attn_course.grading.outputs import MAX_LINES, clean, source_of, text_of

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()


def shown(data, kind="display_data"):
    return clean([{"output_type": kind, "data": data}])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("a\x07b\x00c", "a�b�c"),
        ("abc\u202edef", "abc�def"),
        ("a\tb\nc — ✓", "a\tb\nc — ✓"),
        (5, ""),
    ],
)
def test_text_keeps_what_can_be_read(text, kept):
    assert text_of(text) == kept


def test_long_text_is_cut_and_says_so():
    lines = text_of("x\n" * 10_000).split("\n")
    assert len(lines) == MAX_LINES + 1
    assert lines[-1] == f"… ({10_001 - MAX_LINES} more lines)"
    assert len(text_of("x" * 10**7)) <= 100_000


def test_html_svg_scripts_and_widgets_are_left_out():
    for mime in ("text/html", "image/svg+xml", "application/javascript", "text/markdown", "text/latex"):
        assert shown({mime: "<script>alert(1)</script>"}) == []
    kept = shown({"text/html": "<b>x</b>", "text/plain": "<b>x</b>"})
    assert kept[0].data == {"text/plain": "<b>x</b>"}, "a page escapes plain text"


def test_pictures_are_written_anew():
    assert shown({"image/png": PNG[:8] + "\n" + PNG[8:]})[0].data == {"image/png": PNG}
    for wrong in ('" onerror="alert(1)', "AAAA", 5, PNG + "!", "A" * (4 << 20)):
        assert shown({"image/png": wrong}) == []


def test_what_is_no_output_is_left_out():
    odd = [None, 5, {}, {"output_type": "update_display_data"}, {"output_type": "stream"}, {"output_type": ["x"]}]
    kept = clean(odd)
    assert [output.output_type for output in kept] == ["stream"]
    assert len(clean([{"output_type": "stream", "text": "x"}] * 5000)) == 1000


def test_every_output_is_valid():
    outputs = [
        {"output_type": "stream", "name": ["x"], "text": "a"},
        {"output_type": "execute_result", "data": {"text/plain": "1"}, "execution_count": "nine"},
        {"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {"x": "<script>"}},
        {"output_type": "error", "ename": "\x1b[1mE" * 100, "evalue": 5, "traceback": ["\x1b[31mline", 5]},
        {"output_type": "error", "ename": None, "evalue": "said", "traceback": "no list"},
    ]
    cell = nbformat.v4.new_code_cell("x", outputs=clean(outputs))
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    assert len(cell.outputs) == 5
    assert "\x1b" not in str(cell) and "<script>" not in str(cell)


def test_a_source_is_shown_without_what_would_not_be_seen():
    assert source_of("s = '\u202e\x1b'  # naïve") == "s = '��'  # naïve"
