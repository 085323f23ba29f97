// What the processor of this machine can do, asked at run time.
#ifndef ASSAY_HARNESS_BACKEND_CPU_CPU_FEATURES_H_
#define ASSAY_HARNESS_BACKEND_CPU_CPU_FEATURES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace assay::cpu {

// Among those that matter here, in ascending order of power: "avx2", "fma",
// "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8".
// Amx counts only where oneDNN may use it (the system grants its state).
std::vector<std::string> CpuFeatures();

bool HasNativeBf16();
// AVX-512: sixteen floats at a time (vector16.h). With it, products of pairs of
// bf16 and rounding to bf16 (avx512_bf16), and of words of bytes (avx512_vnni).
bool HasWideVectors();
bool HasWideBf16();
bool HasWideInt8();
bool HasNativeInt8();

// "AMD EPYC 9V74 80-Core Processor, 2 cores".
std::string HardwareName();

// Cores that this process may run on.
int UsableCores();

// Bytes of the cache of level 2 (of a core) or 3; 0: not known.
int64_t CacheBytes(int level);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_CPU_FEATURES_H_
