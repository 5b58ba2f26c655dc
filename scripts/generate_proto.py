"""Generates the protobuf code below `sekisho.wire.gen`, or checks that it is fresh.

protoc writes imports that follow the folders of the proto files (`from sekisho.v1 import …`). Here
that code lives below `sekisho.wire.gen`, so its imports are rewritten after it is generated; the
full names of the messages stay those of the proto packages. Run it through `make proto`.
"""

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

import google.protobuf
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
TARGET = ROOT / "node" / "sekisho" / "wire" / "gen"
PACKAGE = "sekisho.wire.gen"

# protoc knows nothing of Python packages, so each folder gets this file.
INIT_TEXT = '"""Generated protobuf code; edit `proto/` and run `make proto`."""\n'

_SERVICE = re.compile(r"^service\s", re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Generate the code, or with `--check` report what is stale."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, name what is stale")
    check: bool = parser.parse_args(arguments).check
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "gen"
        generate(sorted(PROTO.rglob("*.proto")), fresh)
        if check:
            return report(stale_files(fresh, TARGET))
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(fresh, TARGET)
    return 0


def generate(sources: list[Path], target: Path) -> None:
    """Write modules, type stubs and service stubs for `sources` below `target`."""
    target.mkdir(parents=True)
    services = [source for source in sources if _SERVICE.search(source.read_text(encoding="utf-8"))]
    run_protoc(sources, {"python_out": f"{target}", "mypy_out": f"quiet:{target}"})
    run_protoc(
        services,
        {"grpc_python_out": f"{target}", "mypy_grpc_out": f"quiet,only_sync:{target}"},
    )
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        (folder / "__init__.py").write_text(INIT_TEXT, encoding="utf-8")
    roots = sorted({source.relative_to(PROTO).parts[0] for source in sources})
    for path in target.rglob("*_pb2*.py*"):
        path.write_text(rehome(path.read_text(encoding="utf-8"), roots), encoding="utf-8")


def run_protoc(sources: list[Path], outputs: dict[str, str]) -> None:
    """Run protoc over `sources`, with the mypy plugins of this very environment."""
    if not sources:
        return
    scripts = Path(sys.executable).parent
    well_known = Path(protoc.__file__).parent / "_proto"
    command = ["protoc", f"-I{PROTO}", f"-I{well_known}"]
    plugins = ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    command += [f"--plugin={name}={scripts / name}" for name in plugins]
    command += [f"--{name}={value}" for name, value in outputs.items()]
    if protoc.main([*command, *map(str, sources)]) != 0:
        sys.exit("protoc failed; its message stands above")


def rehome(text: str, roots: list[str]) -> str:
    """Return generated `text` with its own modules imported from below `PACKAGE`."""
    alternatives = "|".join(map(re.escape, roots))
    text = re.sub(
        rf"^from ((?:{alternatives})(?:\.\w+)*) import (?=\w+_pb2)",
        rf"from {PACKAGE}.\1 import ",
        text,
        flags=re.MULTILINE,
    )
    # The module name that messages report (and pickle) as their own.
    return re.sub(
        rf"(BuildTopDescriptorsAndMessages\(DESCRIPTOR, ')(?=(?:{alternatives})\.)",
        rf"\1{PACKAGE}.",
        text,
    )


def stale_files(fresh: Path, committed: Path) -> list[str]:
    """Return the names of generated files that are missing, left over or different."""
    new, old = contents(fresh), contents(committed)
    return sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))


def contents(folder: Path) -> dict[str, bytes]:
    """Return every generated file below `folder` by its relative name."""
    files = (path for path in folder.rglob("*.py*") if path.suffix in {".py", ".pyi"})
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def report(stale: list[str]) -> int:
    """Print what is stale and return the exit code."""
    for name in stale:
        print(f"stale: node/sekisho/wire/gen/{name}", file=sys.stderr)
    if stale:
        print(f"hint: run `make proto` (protobuf {google.protobuf.__version__})", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
