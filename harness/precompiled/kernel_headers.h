// What most kernels of the cpu backend include.
#ifdef __cplusplus
#include <immintrin.h>

#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "oneapi/dnnl/dnnl.hpp"
#include "tools/precompiled/library_headers.h"
#endif
