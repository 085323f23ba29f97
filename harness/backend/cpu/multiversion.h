// One function, compiled for several instruction sets; the loader picks.
#ifndef ASSAY_HARNESS_BACKEND_CPU_MULTIVERSION_H_
#define ASSAY_HARNESS_BACKEND_CPU_MULTIVERSION_H_

// Put ASSAY_CPU_CLONES before a plain function (no template) whose loops should
// vectorise with what the machine has. Its helpers must be
// ASSAY_ALWAYS_INLINE. Sanitizers start after the loader, so they get one
// version.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    !defined(__x86_64__)
#define ASSAY_CPU_CLONES
#else
#define ASSAY_CPU_CLONES \
  __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

#define ASSAY_ALWAYS_INLINE inline __attribute__((always_inline))

#endif  // ASSAY_HARNESS_BACKEND_CPU_MULTIVERSION_H_
