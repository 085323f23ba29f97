// How two reports agree, for people and programs.
#ifndef ASSAY_HARNESS_CLI_VERIFICATION_TABLE_H_
#define ASSAY_HARNESS_CLI_VERIFICATION_TABLE_H_

#include <string>

#include "harness/cli/table.h"
#include "harness/report/verify.h"

namespace assay {

// As text the rows that are not equal to the bit (all of them with `all`) and a
// line that counts; as JSON every row.
std::string VerificationText(const Verification& verification, Format format,
                             bool all);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_VERIFICATION_TABLE_H_
