#!/usr/bin/env bash
# Installs the CUDA compiler from NVIDIA's packages for Ubuntu 24.04 into /usr/local/cuda: compiling kernels needs nothing else of CUDA, and no card.
set -euo pipefail
keyring=$(mktemp --suffix=.deb)
curl -fsSL --retry 3 -o "$keyring" https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2404/x86_64/cuda-keyring_1.1-1_all.deb
sudo dpkg -i "$keyring"
sudo apt-get update -qq
sudo apt-get install -y --no-install-recommends cuda-nvcc-13-0 cuda-cudart-dev-13-0
[ -e /usr/local/cuda ] || sudo ln -s cuda-13.0 /usr/local/cuda
/usr/local/cuda/bin/nvcc --version
