// What plugins include.
#ifdef __cplusplus
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "harness/abi/sdk.h"
#endif
