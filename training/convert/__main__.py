"""Converts a published Flamingo into a folder that the page opens.

    python -m training.convert --kind openflamingo --checkpoint FILE.pt --language FOLDER --vision FOLDER --out FOLDER
    python -m training.convert --kind otter|idefics --checkpoint FOLDER --out FOLDER
    python -m training.convert --kind flamingo-mini --checkpoint FOLDER --language OPT --vision CLIP --out FOLDER
    python -m training.convert --plan          (sizes and memory of every released checkpoint, nothing is read)

Weights are kept as they are (32 bits) or rounded to 16, 8 or 4. `--verify` then compares the graphs with plain
PyTorch on the same weights and ends with status 1 where they differ. Nothing is fetched: give local files.
"""

import argparse
import sys
from pathlib import Path

from training.convert.kinds import KINDS
from training.convert.plan import make_plan, table
from training.convert.released import released
from training.convert.source import Places
from training.convert.verify import TOLERANCE, verify
from training.convert.write import convert
from training.graphs.manifest import FLAVOURS


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kind", choices=sorted(KINDS))
    parser.add_argument("--checkpoint", type=Path, help="a .pt or .safetensors file, or a folder")
    parser.add_argument("--language", type=Path, help="Hugging Face folder of the language model")
    parser.add_argument("--vision", type=Path, help="Hugging Face folder of CLIP")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name", help="in the manifest; the folder's name by default")
    parser.add_argument("--bits", type=int, choices=(32, 16, 8, 4), default=32)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--plan", action="store_true", help="sizes and memory; converts nothing")
    return parser


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = _arguments()
    args = parser.parse_args(argv)
    if args.plan and not args.checkpoint:
        print(table(released()))
        return 0
    if not args.kind or not args.checkpoint or not (args.out or args.plan):
        parser.error("--kind, --checkpoint and --out are needed (or --plan alone)")
    try:
        source = KINDS[args.kind](Places(args.checkpoint, args.language, args.vision))
        plan = make_plan(source.model, args.bits)
        print(
            f"{plan.weights / 1e6:,.1f} M weights; {plan.download / 1e6:,.0f} MB to download, "
            f"{plan.gpu / 1e6:,.0f} MB on the GPU and {plan.kv / 1e6:,.0f} MB for the KV; "
            f"converting takes about {plan.converting / 1e9:.1f} GB of memory"
        )
        if args.plan:
            return 0
        convert(source, args.out, args.bits, args.name or args.out.name)
    except (ValueError, KeyError, FileNotFoundError) as error:
        reason = error.args[0] if error.args else error
        print(f"Cannot convert {args.checkpoint}: {reason}", file=sys.stderr)
        return 2
    total = sum(path.stat().st_size for path in args.out.iterdir())
    print(f"{args.out}: {total / 1e6:,.1f} MB")
    if not args.verify:
        return 0
    status = 0
    for flavour in FLAVOURS:
        for comparison in verify(source, args.out, args.bits, flavour):
            verdict = "equal" if comparison.good else "DIFFERENT"
            print(
                f"{flavour}, {comparison.prompt}: {verdict} (logits deviate by {comparison.deviation:.1e} "
                f"of the largest, {TOLERANCE:.0e} is allowed)"
            )
            status |= not comparison.good
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
