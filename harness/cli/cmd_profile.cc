// assay profile: where the time of a plan goes.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/backend/registry.h"
#include "harness/cli/command.h"
#include "harness/cli/export_source.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"
#include "harness/profile/profile.h"
#include "harness/profile/roofline.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"task", "NAME", "", "of a checkpoint or artifact (else its run's)"},
    {"precision", "f32|bf16", "f32", "of what is not integer"},
    {"batch", "N", "1", "samples in a run"},
    {"runs", "N", "200", "to take medians of"},
    {"threads", "N", "0", "0: as many as the backend likes"},
    {"top", "N", "20", "steps to print, the slowest first; 0: all, in order"},
    {"trace", "FILE.json", "", "one run for chrome://tracing or Perfetto"},
    {"backend", "NAME", "cpu", "where it runs"},
    {"data_dir", "DIR", "", "folder of the data sets (else $ASSAY_DATA_DIR)"},
    {"cache_dir", "DIR", "", "where trained networks lie"},
    {"format", "text|json", "text", "how to print the result"},
};

struct Network {
  Graph graph;
  ParameterStore parameters;
};

bool IsNetwork(const std::string& name) {
  const std::vector<std::string> names = ReferenceGraphNames();
  return std::find(names.begin(), names.end(), name) != names.end();
}

// As it starts: a plan's time does not depend on what it has learnt.
absl::StatusOr<Network> Untrained(const std::string& name) {
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph net,
                         BuildReferenceGraph(name, StandardOps()));
  ASSAY_ASSIGN_OR_RETURN(ParameterStore parameters,
                         Initialise(net.graph, net.initialisers, 1));
  return Network{std::move(net.graph), std::move(parameters)};
}

absl::StatusOr<Network> NetworkOf(const Args& args) {
  if (args.positional().size() != 1) {
    return absl::InvalidArgumentError(
        "expects a task, a network, an artifact's folder or a checkpoint");
  }
  if (IsNetwork(args.positional()[0])) return Untrained(args.positional()[0]);
  ASSAY_ASSIGN_OR_RETURN(ExportSource source,
                         OpenExportSource(ExportRequestOf(args, "f32")));
  return Network{std::move(source.graph), std::move(source.parameters)};
}

absl::StatusOr<Graph> PlanOf(const Args& args) {
  ASSAY_ASSIGN_OR_RETURN(const Network network, NetworkOf(args));
  ASSAY_ASSIGN_OR_RETURN(const int64_t batch, args.Int("batch"));
  ASSAY_ASSIGN_OR_RETURN(const Graph graph, Rebatch(network.graph, batch));
  LoweringOptions lowering;
  const std::string precision = args.Text("precision");
  if (precision == "bf16") {
    lowering.precision = FloatPrecision::kBf16;
  } else if (precision != "f32") {
    return absl::InvalidArgumentError(
        absl::StrCat("--precision expects f32 or bf16, got '", precision, "'"));
  }
  ASSAY_ASSIGN_OR_RETURN(
      LoweredNetwork lowered,
      LowerForInference(graph, network.parameters, lowering));
  return std::move(lowered.graph);
}

std::string Rate(double work, double seconds) {
  if (work <= 0 || seconds <= 0) return "";
  return absl::StrFormat("%.3g", work / seconds * 1e-9);
}

std::string Micros(double seconds) {
  return absl::StrFormat("%.2f", seconds * 1e6);
}

std::string Percent(double part, double whole) {
  return whole > 0 ? absl::StrFormat("%.1f", 100 * part / whole) : "";
}

void PrintSteps(const Profile& profile, const Roofline& roofline, int64_t top,
                Format format) {
  std::vector<StepProfile> steps = profile.steps;
  if (top > 0) {
    std::stable_sort(steps.begin(), steps.end(),
                     [](const StepProfile& a, const StepProfile& b) {
                       return a.seconds > b.seconds;
                     });
    steps.resize(std::min(steps.size(), static_cast<size_t>(top)));
  }
  Table table({"step", "for", "type", "us", "% of run", "GMAC/s", "KiB", "GB/s",
               "% of roofline"});
  for (const StepProfile& step : steps) {
    const double least =
        roofline.LeastSeconds(step.macs, step.type, step.bytes);
    table.Add({step.kind, step.name, std::string(Name(step.type)),
               Micros(step.seconds),
               Percent(step.seconds, profile.timed_seconds),
               Rate(static_cast<double>(step.macs), step.seconds),
               absl::StrFormat("%.1f", static_cast<double>(step.bytes) / 1024),
               Rate(static_cast<double>(step.bytes), step.seconds),
               Percent(least, step.seconds)});
  }
  std::fputs(table.Render(format).c_str(), stdout);
}

// What the shares are shares of. On standard error, beside a table for
// programs.
void PrintSummary(const Profile& profile, const Roofline& roofline) {
  double least = 0;
  for (const StepProfile& step : profile.steps) {
    least += roofline.LeastSeconds(step.macs, step.type, step.bytes);
  }
  absl::FPrintF(stderr,
                "a run: %s us as plans run; %s us in %d steps with the clock "
                "between; %s us by the roofline (%s %% of it)\n",
                Micros(profile.plain_seconds), Micros(profile.timed_seconds),
                profile.steps.size(), Micros(least),
                Percent(least, profile.plain_seconds));
  absl::FPrintF(stderr, "roofline, measured:");
  for (const auto& [type, rate] : roofline.macs_per_second) {
    absl::FPrintF(stderr, " %s %.4g GMAC/s;", Name(type), rate * 1e-9);
  }
  for (const Roofline::Bandwidth& bandwidth : roofline.bandwidths) {
    absl::FPrintF(stderr, " %.3g GB/s in %d KiB;",
                  bandwidth.bytes_per_second * 1e-9, bandwidth.bytes / 1024);
  }
  absl::FPrintF(stderr, "\n");
}

absl::Status ProfileCommand(const Args& args) {
  ASSAY_ASSIGN_OR_RETURN(const Format format, ParseFormat(args.Text("format")));
  ProfileOptions options;
  ASSAY_ASSIGN_OR_RETURN(options.runs, args.Int("runs"));
  ASSAY_ASSIGN_OR_RETURN(const int64_t threads, args.Int("threads"));
  ASSAY_ASSIGN_OR_RETURN(const int64_t top, args.Int("top"));
  options.threads = static_cast<int>(threads);
  ASSAY_ASSIGN_OR_RETURN(const Graph plan, PlanOf(args));
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Device> device,
                         MakeDevice(args.Text("backend")));
  ASSAY_ASSIGN_OR_RETURN(const Profile profile,
                         ProfileGraph(device.get(), plan, options));
  ASSAY_ASSIGN_OR_RETURN(const Roofline roofline,
                         MeasureRoofline(device.get(), options.threads));
  PrintSteps(profile, roofline, top, format);
  PrintSummary(profile, roofline);
  if (!args.Given("trace")) return absl::OkStatus();
  return WriteFileAtomically(UserPath(args.Text("trace")),
                             ChromeTrace(profile));
}

int Run(const Args& args) {
  const absl::Status status = ProfileCommand(args);
  return status.ok() ? kExitOk : Complain("profile", status);
}

}  // namespace

extern const Command kProfileCommand = {
    "profile",
    "profile TASK | NETWORK | ARTIFACT | CHECKPOINT [flags]",
    "where the time of a plan goes, step by step",
    "Times each step of the plan that reports time, on inputs drawn at "
    "random,\n"
    "and says what share of the roofline it reaches: the longer of computing\n"
    "at the rate of this backend's own large matrix product in that type, and\n"
    "moving the step's bytes at the rate of its own simplest kernel. Nothing\n"
    "else may run on the machine meanwhile; reports have the checked numbers.",
    kFlags,
    Run,
    /*place=*/160,
};

}  // namespace assay
