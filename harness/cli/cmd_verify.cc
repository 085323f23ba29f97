// assay verify: do two reports say the same?
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "harness/cli/command.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/cli/verification_table.h"
#include "harness/core/status_macros.h"
#include "harness/report/report_file.h"
#include "harness/report/verify.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"bits", "", "", "what is not equal to the bit differs (timings excepted)"},
    {"latency_margin", "R", "0.05",
     "relative differences of speed and energy below it do not count"},
    {"quality_margin", "D", "0.005",
     "differences of the metric below it do not count"},
    {"all", "", "", "show what is equal, too"},
    {"format", "text|json", "text", "how to print"},
};

absl::StatusOr<int> Verify(const Args& args) {
  if (args.positional().size() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expects two reports, got ", args.positional().size(), " arguments"));
  }
  ASSAY_ASSIGN_OR_RETURN(const Format format, ParseFormat(args.Text("format")));
  CompareOptions options;
  ASSAY_ASSIGN_OR_RETURN(options.latency_margin, args.Real("latency_margin"));
  options.energy_margin = options.latency_margin;
  ASSAY_ASSIGN_OR_RETURN(options.quality_margin, args.Real("quality_margin"));
  ASSAY_ASSIGN_OR_RETURN(const Report first,
                         ReadReport(UserPath(args.positional()[0])));
  ASSAY_ASSIGN_OR_RETURN(const Report second,
                         ReadReport(UserPath(args.positional()[1])));
  const Verification verification = VerifyReports(first, second, options);
  std::fputs(VerificationText(verification, format, args.Switch("all")).c_str(),
             stdout);
  return verification.ExitCode(args.Switch("bits")) == 0 ? kExitOk
                                                         : kExitFinding;
}

int Run(const Args& args) {
  auto code = Verify(args);
  return code.ok() ? *code : Complain("verify", code.status());
}

}  // namespace

extern const Command kVerifyCommand = {
    "verify",
    "verify REPORT REPORT [flags]",
    "say what of two reports is equal, and what differs",
    "What the two runs were made from (settings, plugin, data by checksum,\n"
    "revision, machine) and what they made (artifacts, answers, costs, random\n"
    "streams, scores, timings) are compared: EQUAL to the bit; WITHIN the\n"
    "margin; OPEN where no interval decides; or it DIFFERS. Exit code 1: a\n"
    "result differs.",
    kFlags,
    Run,
    /*place=*/100,
};

}  // namespace assay
