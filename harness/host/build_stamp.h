// The source that a program was built from.
//
// A program that depends on :build_stamp carries it and is linked anew when it
// changes; in others (tests, whose results stay cached that way) the symbols
// are null.
#ifndef ASSAY_HARNESS_HOST_BUILD_STAMP_H_
#define ASSAY_HARNESS_HOST_BUILD_STAMP_H_

namespace assay {

// The commit's name; "unknown" for a tree without version control.
extern const char kSourceRevision[] __attribute__((weak));
// "1" where the tree differed from that commit, otherwise "0".
extern const char kSourceModified[] __attribute__((weak));

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_BUILD_STAMP_H_
