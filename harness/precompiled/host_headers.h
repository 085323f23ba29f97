// What most sources of the host and the command line include.
#ifdef __cplusplus
#include "harness/backend/device.h"
#include "harness/backend/session.h"
#include "harness/graph/builder.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/precompiled/report_headers.h"
#include "harness/tasks/task.h"
#include "harness/train/trainer.h"
#endif
