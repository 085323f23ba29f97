#include "harness/host/run_identity.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"
#include "harness/core/hash.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/report.pb.h"

namespace assay {
namespace {

RunSpec WithoutPlaces(const RunSpec& spec) {
  RunSpec what = spec;
  what.clear_plugin_path();
  what.clear_data_dir();
  what.clear_cache_dir();
  what.clear_output_dir();
  what.clear_command_line();
  what.clear_network_path();
  what.clear_external_meters();
  what.clear_twin();
  what.clear_verified_files();
  what.clear_tuned();
  return what;
}

}  // namespace

std::string RunHash(const RunSpec& spec) {
  RunSpec what = WithoutPlaces(spec);
  what.clear_limits();
  what.clear_suite();
  what.clear_suite_sha256();
  what.clear_sweep();
  what.clear_sweep_index();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // maps in key order
    what.SerializeToCodedStream(&coded);
  }
  return Sha256Hex(bytes);
}

std::string RunText(const RunSpec& spec) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(WithoutPlaces(spec), &text);
  return text;
}

absl::Status ParseRunText(const std::string& text, RunSpec* spec) {
  google::protobuf::TextFormat::Parser parser;
  if (!text.empty() && parser.ParseFromString(text, spec)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "expected a RunSpec as text, got \"", text.substr(0, 80), "\""));
}

std::string BudgetName(const Budget& budget) {
  std::vector<std::string> parts;
  const auto add = [&](const char* quantity, double limit) {
    if (limit != 0) parts.push_back(absl::StrCat(quantity, limit));
  };
  add("sparsity>=", budget.sparsity());
  add("macs_fraction<=", budget.macs_fraction());
  add("weight_bits<=", budget.weight_bits());
  add("activation_bits<=", budget.activation_bits());
  if (budget.bytes() != 0) {
    parts.push_back(absl::StrCat("bytes<=", budget.bytes()));
  }
  return parts.empty() ? "none" : absl::StrJoin(parts, ",");
}

void FillIdentity(const RunSpec& spec, RunIdentity* identity) {
  identity->set_run_id(RunHash(spec));
  identity->set_method(spec.method());
  identity->set_label(spec.label());
  identity->set_task(spec.task());
  identity->set_backend(spec.backend());
  identity->set_seed(spec.seed());
  identity->set_network_sha256(spec.network().sha256());
  identity->set_suite(spec.suite());
  identity->set_suite_sha256(spec.suite_sha256());
  identity->set_sweep(spec.sweep());
  identity->set_sweep_index(spec.sweep_index());
  identity->set_spec(RunText(spec));
  identity->set_command(spec.command_line());
  identity->clear_method_settings();
  const std::map<std::string, std::string> sorted(spec.parameters().begin(),
                                                  spec.parameters().end());
  for (const auto& [key, value] : sorted) {
    KeyValue* setting = identity->add_method_settings();
    setting->set_key(key);
    setting->set_value(value);
  }
  identity->clear_budgets();
  for (const Budget& budget : spec.budgets()) {
    identity->add_budgets(BudgetName(budget));
  }
}

}  // namespace assay
