// assay list: what there is.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/registry.h"
#include "harness/backend/registry.h"
#include "harness/cli/command.h"
#include "harness/cli/method_list.h"
#include "harness/cli/suites.h"
#include "harness/cli/table.h"
#include "harness/core/status_macros.h"
#include "harness/measure/energy/meter.h"
#include "harness/sweep/suite.h"
#include "harness/sweep/suite.pb.h"
#include "harness/tasks/registry.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"method", "NAME", "", "with `methods`: the parameters of this method"},
    {"format", "text|json", "text", "how to print"},
};

Table Tasks() {
  Table table({"task", "data set", "network", "metric", "summary"});
  for (const TaskSpec& task : TaskSpecs()) {
    table.Add({task.id, task.dataset, task.network,
               std::string(Name(task.metric)), task.summary});
  }
  return table;
}

Table Datasets() {
  Table table({"data set", "domain", "licence", "summary"});
  for (const DatasetInfo* info : DatasetInfos()) {
    table.Add({info->name, std::string(Name(info->domain)), info->licence,
               info->summary});
  }
  return table;
}

Table BackendTable() {
  Table table({"backend", "hardware", "library", "features"});
  for (const Backend& backend : Backends()) {
    auto device = backend.make();
    const DeviceDescription& d = device->description();
    table.Add(
        {backend.name, d.hardware, d.library, absl::StrJoin(d.features, " ")});
  }
  return table;
}

Table Meters() {
  Table table({"meter", "scope", "summary"});
  for (const MeterSource& source : OpenMeters()) {
    if (source.scopes.empty()) {
      table.Add({source.meter,
                 absl::StrCat("UNAVAILABLE: ", source.unavailable),
                 source.help});
    }
    for (const auto& scope : source.scopes) {
      table.Add({source.meter, scope->scope(), source.help});
    }
  }
  return table;
}

absl::StatusOr<Table> Suites() {
  Table table({"suite", "runs", "summary"});
  for (const std::string& name : SuiteNames()) {
    ASSAY_ASSIGN_OR_RETURN(std::string path, SuiteFile(name));
    ASSAY_ASSIGN_OR_RETURN(Suite suite, ReadSuite(path));
    ASSAY_ASSIGN_OR_RETURN(auto runs, ExpandSuite(suite));
    table.Add({name, absl::StrCat(runs.size()), suite.description()});
  }
  return table;
}

absl::StatusOr<Table> Chosen(const std::string& kind, const Args& args) {
  if (kind == "methods") {
    return args.Given("method") ? MethodParameters(args.Text("method"))
                                : Methods();
  }
  if (kind == "tasks") return Tasks();
  if (kind == "datasets") return Datasets();
  if (kind == "backends") return BackendTable();
  if (kind == "meters") return Meters();
  if (kind == "suites") return Suites();
  return absl::InvalidArgumentError(
      absl::StrCat("expects methods, tasks, datasets, backends, meters or "
                   "suites, got '",
                   kind, "'"));
}

int Run(const Args& args) {
  auto format = ParseFormat(args.Text("format"));
  if (!format.ok()) return Complain("list", format.status());
  const std::string kind =
      args.positional().empty() ? "" : args.positional()[0];
  auto table = Chosen(kind, args);
  if (!table.ok()) return Complain("list", table.status());
  std::fputs(table->Render(*format).c_str(), stdout);
  return kExitOk;
}

}  // namespace

extern const Command kListCommand = {
    "list",
    "list methods|tasks|datasets|backends|meters|suites [flags]",
    "what there is to run, on what, and where",
    "Methods are the plugins that come with the program and those in the\n"
    "folders of $ASSAY_PLUGIN_PATH. `list methods --method=NAME` shows the\n"
    "parameters of one, with presets and ranges.",
    kFlags,
    Run,
    /*place=*/120,
};

}  // namespace assay
