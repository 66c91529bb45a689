"""In how many stills of synthfaces each detector finds a face.

    python benchmarks/stills.py [DETECTOR ...] [--subjects 30] [--set DETECTOR.NAME=VALUE ...]

Asked: at least 95% each. One still a clip, of every expression of every subject. Without names: every detector whose
weights are available.
"""

from __future__ import annotations

import argparse

from ferbench.components import pipeline
from ferbench.components.discovery import installed
from ferbench.errors import WeightsError


def main() -> None:
    """Prints one line per detector."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("detectors", nargs="*")
    options.add_argument("--subjects", type=int, default=30)
    options.add_argument("--set", action="append", default=[])
    arguments = options.parse_args()
    registry = installed().registry
    names = arguments.detectors or [entry.name for entry in registry if entry.kind == "detector"]
    samples = registry.get("dataset", "synthfaces").load()(subjects=arguments.subjects, frames=1).load(None)
    images = [samples.images.read(row) for row in range(len(samples))]
    for name in names:
        given = dict(one.split(".", 1)[1].split("=", 1) for one in arguments.set if one.startswith(f"{name}."))
        try:
            detector = pipeline.resolve_component("detector", name, registry, given).build()
        except WeightsError as error:
            print(f"{name:22} not run: {error.what.splitlines()[0][:60]} ...")
            continue
        found = sum(bool(detector.detect(image)) for image in images)
        print(f"{name:22} {found:,} of {len(images):,} stills: {found / len(images):.1%}", flush=True)


if __name__ == "__main__":
    main()
