#!/bin/sh
# Builds kernel_test or kernel_bench into build/native/test with plain g++ (or $CXX), each ISA level with
# its own flags as the native core is built. Flags after the name are added: -O1 -g -fsanitize=address.
set -e
cd "$(dirname "$0")/../.."
name=${1:?usage: build.sh kernel_test|kernel_bench [flags]}
shift
cxx=${CXX:-g++}
out=build/native/test
mkdir -p "$out"
flags="-std=c++17 -O3 -Wall -Wextra $*"

objects=
for level in native/isa/*.cc; do
  only=$(sed -n 's|^// only: ||p' "$level")
  if [ "$only" = x64 ] && [ "$(uname -m)" != x86_64 ]; then continue; fi
  object=$out/$name-$(basename "$level" .cc).o
  $cxx $flags $(sed -n 's|^// flags: ||p' "$level") -c "$level" -o "$object"
  objects="$objects $object"
done
case $name in
  kernel_test) sources="native/test/testing.cc native/test/sources.cc native/test/*_test.cc" ;;
  *) sources=native/test/$name.cc ;;
esac
$cxx $flags native/pack.cc native/kernels/*.cc $sources $objects -o "$out/$name"
