#include "harness/report/verify.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/repeated_field.h"

namespace assay {
namespace {

// Inputs whose difference is worth knowing and forbids nothing.
constexpr const char* kOfNote[] = {"kernel",    "libraries", "machine",
                                   "processor", "program",   "threads"};

std::string Text(uint64_t value) { return absl::StrCat(value); }
std::string Text(double value) { return absl::StrCat(value); }
std::string Text(const std::string& value) { return value; }

class Rows {
 public:
  // `one_sided`: a value that one side alone has is a difference.
  Rows(bool one_sided, std::vector<VerifyRow>* rows)
      : one_sided_(one_sided), rows_(*rows) {}

  template <typename T>
  void Add(std::string what, const T& first, const T& second) {
    const T none{};
    if (!one_sided_ && (first == none || second == none)) return;
    if (first == none && second == none) return;
    rows_.push_back({std::move(what), Text(first), Text(second),
                     first == second ? Agreement::kEqual : Agreement::kDiffers,
                     ""});
  }

 private:
  const bool one_sided_;
  std::vector<VerifyRow>& rows_;
};

std::string Pairs(const google::protobuf::RepeatedPtrField<KeyValue>& list) {
  std::vector<std::string> texts;
  for (const KeyValue& one : list) {
    texts.push_back(absl::StrCat(one.key(), "=", one.value()));
  }
  return absl::StrJoin(texts, " ");
}

std::map<std::string, std::string> SettingsOf(const RunIdentity& identity) {
  std::map<std::string, std::string> settings;
  for (const KeyValue& one : identity.method_settings()) {
    settings[one.key()] = one.value();
  }
  return settings;
}

std::map<std::string, std::string> FilesOf(const DatasetRecord& dataset) {
  std::map<std::string, std::string> files;
  for (const FileRecord& file : dataset.files()) {
    files[file.path()] = file.sha256();
  }
  return files;
}

std::map<std::string, std::string> SplitsOf(const DatasetRecord& dataset) {
  std::map<std::string, std::string> splits;
  for (const SplitRecord& split : dataset.splits()) {
    splits[split.name()] = split.items_sha256();
  }
  return splits;
}

template <typename Map>
void AddMaps(const std::string& what, const Map& first, const Map& second,
             Rows* rows) {
  std::set<std::string> names;
  for (const auto& [name, value] : first) names.insert(name);
  for (const auto& [name, value] : second) names.insert(name);
  for (const std::string& name : names) {
    const auto get = [&](const Map& map) {
      const auto found = map.find(name);
      return found == map.end() ? typename Map::mapped_type{} : found->second;
    };
    rows->Add(absl::StrCat(what, " ", name), get(first), get(second));
  }
}

void AddRun(const RunIdentity& a, const RunIdentity& b, Rows* rows) {
  rows->Add("run", a.run_id(), b.run_id());
  rows->Add("method", a.method(), b.method());
  AddMaps("setting", SettingsOf(a), SettingsOf(b), rows);
  rows->Add("task", a.task(), b.task());
  rows->Add("task version", uint64_t{a.task_version()},
            uint64_t{b.task_version()});
  rows->Add("budgets", absl::StrJoin(a.budgets(), " "),
            absl::StrJoin(b.budgets(), " "));
  rows->Add("backend", a.backend(), b.backend());
  rows->Add("plugin", a.plugin_sha256(), b.plugin_sha256());
  rows->Add("data set", a.dataset().version(), b.dataset().version());
  AddMaps("file", FilesOf(a.dataset()), FilesOf(b.dataset()), rows);
  AddMaps("split", SplitsOf(a.dataset()), SplitsOf(b.dataset()), rows);
  rows->Add("reference graph", a.reference_graph_sha256(),
            b.reference_graph_sha256());
  rows->Add("reference weights", a.reference_weights_sha256(),
            b.reference_weights_sha256());
}

std::string Revision(const Provenance& provenance) {
  return absl::StrCat(provenance.assay_revision(),
                      provenance.assay_modified() ? " modified" : "");
}

// Two modified trees of one revision are the same only where the programs are.
void AddRevision(const Provenance& a, const Provenance& b,
                 std::vector<VerifyRow>* rows) {
  if (a.assay_revision().empty() || b.assay_revision().empty()) return;
  VerifyRow row = {"revision", Revision(a), Revision(b), Agreement::kEqual, ""};
  const bool modified = a.assay_modified() || b.assay_modified();
  if (a.assay_revision() != b.assay_revision()) {
    row.agreement = Agreement::kDiffers;
  } else if (modified && a.binary_sha256() != b.binary_sha256()) {
    row.agreement = Agreement::kDiffers;
    row.note = "the revision does not say what was changed after it";
  }
  rows->push_back(std::move(row));
}

void AddProvenance(const Provenance& a, const Provenance& b, Rows* rows) {
  rows->Add("program", a.binary_sha256(), b.binary_sha256());
  rows->Add("compiler", a.compiler(), b.compiler());
  rows->Add("libraries", Pairs(a.libraries()), Pairs(b.libraries()));
  rows->Add("threads", uint64_t{a.threads()}, uint64_t{b.threads()});
  rows->Add("kernel", a.kernel(), b.kernel());
  rows->Add("processor", a.cpu().model_name(), b.cpu().model_name());
  rows->Add("machine", a.machine_fingerprint(), b.machine_fingerprint());
}

void AddLedger(const LedgerRecord& a, const LedgerRecord& b, Rows* rows) {
  rows->Add("ledger: samples", a.samples(), b.samples());
  rows->Add("ledger: steps", a.steps(), b.steps());
  rows->Add("ledger: evaluations", a.evaluations(), b.evaluations());
  std::map<std::string, uint64_t> first, second;
  for (const StreamDraws& one : a.streams()) first[one.name()] = one.words();
  for (const StreamDraws& one : b.streams()) second[one.name()] = one.words();
  AddMaps("random stream", first, second, rows);
}

void AddCost(const std::string& where, const CostRecord& a, const CostRecord& b,
             Rows* rows) {
  rows->Add(absl::StrCat(where, "parameters"), a.parameters(), b.parameters());
  rows->Add(absl::StrCat(where, "non-zero parameters"), a.nonzero_parameters(),
            b.nonzero_parameters());
  rows->Add(absl::StrCat(where, "MACs"), a.macs(), b.macs());
  rows->Add(absl::StrCat(where, "bytes on disk"), a.bytes_on_disk(),
            b.bytes_on_disk());
  rows->Add(absl::StrCat(where, "mean bits"), a.mean_bits(), b.mean_bits());
}

// Scores by the bits of every answer.
std::map<std::string, std::string> ScoresOf(const CandidateRecord& record) {
  std::map<std::string, std::string> scores;
  for (const QualityRecord& quality : record.quality()) {
    scores[absl::StrCat(quality.split(), " ", quality.metric(), " ",
                        quality.precision())] = quality.items().scores_sha256();
  }
  return scores;
}

void AddCandidate(const CandidateRecord& a, const CandidateRecord& b,
                  const std::string& name, Rows* rows) {
  const std::string where = absl::StrCat(name, ": ");
  rows->Add(absl::StrCat(where, "artifact"), a.artifact().sha256(),
            b.artifact().sha256());
  rows->Add(absl::StrCat(where, "graph"), a.artifact().graph_sha256(),
            b.artifact().graph_sha256());
  AddCost(where, a.cost(), b.cost(), rows);
  AddMaps(absl::StrCat(where, "answers"), ScoresOf(a), ScoresOf(b), rows);
}

std::map<std::string, const CandidateRecord*> NetworksOf(const Report& report) {
  std::map<std::string, const CandidateRecord*> networks;
  if (report.has_dense()) networks["dense"] = &report.dense();
  if (report.tuned_dense().has_network()) {
    networks[report.tuned_dense().network().name()] =
        &report.tuned_dense().network();
  }
  for (const CandidateRecord& one : report.candidates()) {
    networks[one.name()] = &one;
  }
  return networks;
}

void AddNetworks(const Report& a, const Report& b, Rows* rows) {
  const auto first = NetworksOf(a), second = NetworksOf(b);
  std::set<std::string> names;
  for (const auto& [name, record] : first) names.insert(name);
  for (const auto& [name, record] : second) names.insert(name);
  for (const std::string& name : names) {
    const auto x = first.find(name), y = second.find(name);
    const bool both = x != first.end() && y != second.end();
    rows->Add(absl::StrCat("candidate ", name),
              std::string(x != first.end() ? "scored" : ""),
              std::string(y != second.end() ? "scored" : ""));
    if (both) AddCandidate(*x->second, *y->second, name, rows);
  }
}

// What is exact stands in the rows above already.
void AddMeasured(const Comparison& comparison, std::vector<VerifyRow>* rows) {
  for (const MetricChange& change : comparison.changes) {
    if (change.test == "exact") continue;
    VerifyRow row;
    row.what = absl::StrCat(change.candidate, ": ", change.metric);
    row.first = absl::StrCat(change.baseline);
    row.second = absl::StrCat(change.now);
    row.note = change.note;
    if (!change.effect.empty()) {
      absl::StrAppend(&row.note, row.note.empty() ? "" : "; ", change.effect,
                      " in ", change.low, " to ", change.high);
    }
    switch (change.change) {
      case Change::kSame:
        row.agreement = change.baseline == change.now ? Agreement::kEqual
                                                      : Agreement::kWithin;
        break;
      case Change::kUndecided:
        row.agreement = Agreement::kOpen;
        break;
      default:
        row.agreement = Agreement::kDiffers;
    }
    rows->push_back(std::move(row));
  }
}

bool OfTheClock(const VerifyRow& row) {
  return absl::StrContains(row.what, ": latency ") ||
         absl::StrContains(row.what, ": energy ");
}

bool OfAnswers(const VerifyRow& row) {
  return absl::StrContains(row.what, ": answers ") ||
         absl::StrContains(row.what, ": artifact");
}

// Answers that differ in bits only matter where the score differs as well, and
// the score has a row of its own.
void SoftenAnswers(std::vector<VerifyRow>* rows) {
  for (VerifyRow& row : *rows) {
    if (OfAnswers(row) && row.agreement == Agreement::kDiffers &&
        !row.first.empty() && !row.second.empty()) {
      row.agreement = Agreement::kOpen;
      row.note = "other bits; the scores say whether it matters";
    }
  }
}

}  // namespace

const char* AgreementName(Agreement agreement) {
  switch (agreement) {
    case Agreement::kEqual:
      return "EQUAL";
    case Agreement::kWithin:
      return "WITHIN";
    case Agreement::kOpen:
      return "OPEN";
    case Agreement::kDiffers:
      return "DIFFERS";
  }
  return "UNKNOWN";
}

int64_t Verification::Count(Agreement agreement) const {
  return std::count_if(
      results.begin(), results.end(),
      [&](const VerifyRow& row) { return row.agreement == agreement; });
}

int Verification::ExitCode(bool bits) const {
  const bool differs =
      std::any_of(results.begin(), results.end(), [&](const VerifyRow& row) {
        return row.agreement == Agreement::kDiffers ||
               (bits && row.agreement != Agreement::kEqual && !OfTheClock(row));
      });
  return differs ? 1 : 0;
}

std::vector<VerifyRow> CompareInputs(const Report& first,
                                     const Report& second) {
  std::vector<VerifyRow> inputs;
  Rows rows(false, &inputs);
  AddRun(first.identity(), second.identity(), &rows);
  AddRevision(first.provenance(), second.provenance(), &inputs);
  AddProvenance(first.provenance(), second.provenance(), &rows);
  return inputs;
}

bool DecidesResults(const VerifyRow& input) {
  return std::none_of(std::begin(kOfNote), std::end(kOfNote),
                      [&](const char* what) { return input.what == what; });
}

Verification VerifyReports(const Report& first, const Report& second,
                           const CompareOptions& options) {
  Verification result;
  result.inputs = CompareInputs(first, second);
  Rows rows(true, &result.results);
  rows.Add("outcome", Outcome::Status_Name(first.outcome().status()),
           Outcome::Status_Name(second.outcome().status()));
  AddLedger(first.ledger(), second.ledger(), &rows);
  AddNetworks(first, second, &rows);
  SoftenAnswers(&result.results);
  // One experiment by decree: the caller says what is compared with what.
  Report again = second;
  *again.mutable_identity() = first.identity();
  AddMeasured(CompareReports({first}, {again}, options), &result.results);
  return result;
}

}  // namespace assay
