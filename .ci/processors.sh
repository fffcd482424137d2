#!/usr/bin/env bash
# The tests of networks and explainers as other processors would compute them: once for every kind of instructions that oneDNN, ATen
# and MKL can be held to on this one. A test that passes with one kind only tests a processor, not the product.
#   .ci/processors.sh [TIMES]          each kind so many times (1), a table at the end; fails where a test failed
#   FOLDERS="tests/explainers" JOBS=4  other tests, another number of processes
set -euo pipefail
times=${1:-1}
read -ra folders <<<"${FOLDERS:-tests/explainers tests/classifiers}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# has FLAG…: whether this processor has all of these (flags of /proc/cpuinfo)
has() {
    local flag
    for flag in "$@"; do
        grep -m1 '^flags' /proc/cpuinfo | grep -qw "$flag" || return 1
    done
}

if ! grep -q '^flags' /proc/cpuinfo 2>/dev/null; then
    echo "This needs Linux on an x86 processor, which says in /proc/cpuinfo what it can do." >&2
    exit 1
fi

onednn=()
has sse4_1 && onednn+=(SSE41)
has avx && onednn+=(AVX)
has avx2 && onednn+=(AVX2)
has avx2 avx_vnni && onednn+=(AVX2_VNNI)
if has avx512f avx512bw avx512vl avx512dq; then
    onednn+=(AVX512_CORE)
    has avx512_vnni && onednn+=(AVX512_CORE_VNNI)
    has avx512_bf16 && onednn+=(AVX512_CORE_BF16)
    has avx512_fp16 && onednn+=(AVX512_CORE_FP16)
    has amx_tile amx_int8 amx_bf16 && onednn+=(AVX512_CORE_AMX)
fi
aten=(default)
has avx2 fma && aten+=(avx2)
has avx512f avx512bw avx512vl avx512dq fma && aten+=(avx512)

mkl=(COMPATIBLE)
has avx2 && mkl+=(AVX2)
has avx512f avx512bw avx512vl avx512dq && mkl+=(AVX512)

# Every kind of one with the best of the others, and the least of all.
best=${onednn[-1]} most=${aten[-1]}
kinds=("${onednn[0]} default COMPATIBLE")
for kind in "${onednn[@]}"; do kinds+=("$kind $most -"); done
for kind in "${aten[@]}"; do [ "$kind" = "$most" ] || kinds+=("$best $kind -"); done
for kind in "${mkl[@]}"; do kinds+=("$best $most $kind"); done

rows=() failed=0
# Every kind once before any comes again: a run that is cut short has seen them all.
for ((run = 1; run <= times; run++)); do
    for kind in "${kinds[@]}"; do
        read -r isa capability cbwr <<<"$kind"
        started=$SECONDS
        (
            export ONEDNN_MAX_CPU_ISA=$isa ATEN_CPU_CAPABILITY=$capability
            [ "$cbwr" = - ] || export MKL_CBWR=$cbwr
            .venv/bin/python -m pytest -q -p no:cacheprovider -n "${JOBS:-2}" --dist loadfile "${folders[@]}"
        ) >"$log" 2>&1 || failed=1
        rows+=("$(printf '%-18s%-9s%-12s%3d%6d  %s' "$isa" "$capability" "$cbwr" "$run" "$((SECONDS - started))" "$(tail -n 1 "$log")")")
        echo "${rows[-1]}"
        grep '^\(FAILED\|ERROR\)' "$log" || true
    done
done

echo
grep -m1 '^model name' /proc/cpuinfo || true
printf '%-18s%-9s%-12s%3s%6s  %s\n' oneDNN ATen MKL run s tests
printf '%s\n' "${rows[@]}"
exit $failed
