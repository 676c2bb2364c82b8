#!/bin/sh
# Builds kernel_test or kernel_bench into build/native/test with plain g++ (or $CXX), each ISA level with
# its own flags as the native core is built. Flags after the name are added: -O1 -g -fsanitize=address.
# Does nothing where the program is newer than every source and was built with the same flags.
set -e
cd "$(dirname "$0")/../.."
name=${1:?usage: build.sh kernel_test|kernel_bench [flags]}
shift
cxx=${CXX:-g++}
out=build/native/test
mkdir -p "$out"
flags="-std=c++17 -Wall -Wextra $*"

if [ -x "$out/$name" ] && [ "$(cat "$out/$name.flags" 2>/dev/null)" = "$cxx $flags" ] &&
  [ -z "$(find native -newer "$out/$name")" ]; then
  exit 0
fi

case $name in
  kernel_test) tests="native/test/testing.cc native/test/sources.cc native/test/*_test.cc" ;;
  *) tests=native/test/$name.cc ;;
esac
objects=
jobs=
for source in native/isa/*.cc native/kernels/*.cc native/pack/*.cc $tests; do
  only=$(sed -n 's|^// only: ||p' "$source")
  if [ "$only" = x64 ] && [ "$(uname -m)" != x86_64 ]; then continue; fi
  # Kernels as they are shipped; the tests' own code only has to compile quickly.
  case $source in native/test/*) level=-O1 ;; *) level=-O3 ;; esac
  object=$out/$name-$(basename "$source" .cc).o
  $cxx $level $flags $(sed -n 's|^// flags: ||p' "$source") -c "$source" -o "$object" &
  jobs="$jobs $!"
  objects="$objects $object"
done
for job in $jobs; do wait "$job"; done
$cxx $flags $objects -o "$out/$name.partial"
mv "$out/$name.partial" "$out/$name"
echo "$cxx $flags" >"$out/$name.flags"
