// library_headers.h, and what most of our tests include.
#ifdef __cplusplus
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/precompiled/library_headers.h"
#endif
