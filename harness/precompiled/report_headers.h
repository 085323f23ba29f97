// What most sources that read and write reports include.
#ifdef __cplusplus
#include "harness/core/status_macros.h"
#include "harness/report/report.pb.h"
#include "tools/precompiled/library_headers.h"
#endif
