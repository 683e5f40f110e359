# logire and its pipeline, for docker, podman and apptainer: docs/containers.md.
FROM python:3.11-slim

# git: a run records the commit of a mounted checkout. Debian keeps no old versions, so none is named.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*

# A user who is not root. Under --user it is another one, whom the system does not know: home is open to that one too.
RUN useradd --uid 1000 --create-home logire \
    && chmod 1777 /home/logire \
    && install --directory --owner=logire --group=logire /logire
ENV HOME=/home/logire USER=logire PIP_NO_CACHE_DIR=1

# torch for the processor alone. For a GPU: docker build --build-arg PIP_EXTRA_INDEX_URL= .
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
ARG PIP_ROOT_USER_ACTION=ignore

# The packages before the code: a change of code leaves this layer as it is.
WORKDIR /logire
COPY requirements.lock requirements-cpu.lock requirements-cuda.lock ./
COPY workflow/envs/logire.post-deploy.sh workflow/envs/
RUN sh workflow/envs/logire.post-deploy.sh

COPY --chown=logire:logire . .
RUN python -m pip install --quiet --no-deps --no-build-isolation --editable .

USER 1000:1000
CMD ["snakemake", "--cores", "all"]
