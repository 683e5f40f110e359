#!/bin/sh
# Installs the packages of the locks into the Python that PATH names first. Called in the checkout: by make, by the
# Dockerfile, and by Snakemake in the environment that it has made of logire.yaml. Snakemake makes another environment
# when this file changes, so it names what it installs (SHA-256):
# ba6bc4f0b00805e58b9bc78eb321c1f7e5aca83d76ef0ab9d6d0e8abaeb9b1e3  requirements.lock
# 33741f7581e4198550ced7737a4c3c14110b8298d4bc007f811a3f16db853bb2  requirements-cpu.lock
# 2ea6a1a2e302fc483b2dff4338a3df269847affb6670e08e49472e05f5edaa25  requirements-cuda.lock
set -eu
unset PYTHONPATH # Snakemake's own packages are none of this environment's

install() {
    # The locks are complete: what they do not name is not looked for.
    python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement "$1"
}

# On Linux, torch for the processor alone where pip is told of an index that has it: 3 GB less.
install requirements-cpu.lock 2>/dev/null || true
install requirements.lock
# Else torch has come with a need of CUDA.
python -c 'from importlib.metadata import requires; exit(any("nvidia" in name for name in requires("torch")))' ||
    install requirements-cuda.lock
