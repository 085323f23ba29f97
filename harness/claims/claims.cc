#include "harness/claims/claims.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "harness/claims/claims.pb.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_identity.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/text_proto.h"
#include "harness/sweep/suite.h"
#include "harness/sweep/suite.pb.h"

namespace assay {
namespace {

absl::Status Wrong(const Claim& claim, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("claim \"", claim.id(), "\": ", what));
}

bool NeedsTheClock(const ClaimMetric& metric) {
  return metric.quantity() == ClaimMetric::LATENCY_P50_NS ||
         metric.quantity() == ClaimMetric::SPEEDUP ||
         metric.quantity() == ClaimMetric::REALISED_GAIN;
}

absl::Status CheckSides(const Claim& claim) {
  if (!claim.has_first()) return Wrong(claim, "has no first side");
  std::vector<const ClaimSide*> sides = {&claim.first()};
  if (claim.has_second()) sides.push_back(&claim.second());
  bool method = false;
  for (const ClaimSide* side : sides) {
    const int kinds = (side->dense() ? 1 : 0) + (side->tuned_dense() ? 1 : 0) +
                      (side->has_method() ? 1 : 0);
    if (kinds != 1) {
      return Wrong(claim, "a side is either a method, dense or tuned_dense");
    }
    if (side->tuned_dense() &&
        claim.metric().quantity() != ClaimMetric::QUALITY) {
      return Wrong(claim, "tuned_dense is scored, not timed: expected QUALITY");
    }
    if (side->has_method() && side->method().name().empty()) {
      return Wrong(claim, "a method has no name");
    }
    method = method || side->has_method();
  }
  return method ? absl::OkStatus()
                : Wrong(claim, "expected a method on at least one side");
}

absl::Status CheckBar(const Claim& claim) {
  if (claim.relation() == Claim::RELATION_UNSPECIFIED) {
    return Wrong(claim, "has no relation");
  }
  const double margin = claim.margin();
  if (!std::isfinite(margin) ||
      (claim.relation() == Claim::WITHIN && margin <= 0.0) ||
      (claim.relation() != Claim::WITHIN && claim.effect() == Claim::RATIO &&
       margin <= 0.0)) {
    return Wrong(claim, absl::StrCat("a margin of ", margin,
                                     " decides nothing; expected above 0 for "
                                     "a ratio or WITHIN"));
  }
  if (claim.effect() == Claim::RATIO && !claim.has_second()) {
    return Wrong(claim, "a ratio needs two sides");
  }
  const double confidence = claim.confidence();
  if (confidence != 0.0 && !(confidence >= 0.5 && confidence < 1.0)) {
    return Wrong(claim, absl::StrCat("confidence must be in [0.5, 1), got ",
                                     confidence));
  }
  return absl::OkStatus();
}

absl::Status CheckClaim(const Claim& claim) {
  if (claim.statement().empty() || claim.source().empty()) {
    return Wrong(claim, "needs a statement and its source");
  }
  if (claim.task().empty() || claim.seeds().empty()) {
    return Wrong(claim, "needs a task and at least one seed");
  }
  const std::set<uint64_t> seeds(claim.seeds().begin(), claim.seeds().end());
  if (static_cast<int>(seeds.size()) != claim.seeds_size()) {
    return Wrong(claim, "a seed stands twice");
  }
  if (claim.metric().quantity() == ClaimMetric::QUANTITY_UNSPECIFIED) {
    return Wrong(claim, "has no metric");
  }
  if (NeedsTheClock(claim.metric()) && claim.seeds_size() < 3) {
    return Wrong(claim,
                 "time varies from one start of a program to the next; "
                 "expected at least 3 seeds");
  }
  ASSAY_RETURN_IF_ERROR(CheckSides(claim));
  return CheckBar(claim);
}

template <typename List, typename Item>
bool Has(const List& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

template <typename List>
bool HasAll(const List& list, const List& items) {
  return std::all_of(items.begin(), items.end(),
                     [&](const auto& item) { return Has(list, item); });
}

// One method may be looked at in two precisions.
bool Stands(const MethodChoice& method, const Block& block) {
  for (const MethodChoice& one : block.methods()) {
    if (google::protobuf::util::MessageDifferencer::Equals(one, method)) {
      return true;
    }
  }
  return false;
}

Suite SuiteOf(const Claim& claim) {
  Suite suite;
  suite.set_name("claims");
  suite.set_training_precision(claim.training_precision());
  Block* block = suite.add_blocks();
  for (const ClaimSide* side : {&claim.first(), &claim.second()}) {
    if (side->has_method() && !Stands(side->method(), *block)) {
      *block->add_methods() = side->method();
    }
  }
  block->add_tasks(claim.task());
  if (claim.has_budget()) *block->add_budgets() = claim.budget();
  *block->mutable_seeds() = claim.seeds();
  *block->mutable_training() = claim.training();
  MeasureSpec* measure = block->mutable_measure();
  measure->set_same_allowance(claim.first().tuned_dense() ||
                              claim.second().tuned_dense());
  if (!NeedsTheClock(claim.metric())) {
    measure->set_skip(true);
    return suite;
  }
  if (claim.metric().cold_caches()) measure->add_caches("cold");
  if (!claim.metric().backend().empty()) {
    measure->add_other_backends(claim.metric().backend());
  }
  measure->add_batch_sizes(
      claim.metric().batch() == 0 ? 1 : claim.metric().batch());
  measure->set_queries(700);
  measure->set_seconds(10);
  for (const char* precision : {"f32", "bf16", "int8"}) {
    const auto asks = [&](const ClaimSide& side) {
      return side.precision().empty() ? std::string("f32") == precision
                                      : side.precision() == precision;
    };
    // Speed-ups are against the dense network in f32.
    if (asks(claim.first()) || asks(claim.second()) ||
        std::string("f32") == precision) {
      measure->add_precisions(precision);
    }
  }
  return suite;
}

}  // namespace

absl::StatusOr<ClaimSet> ReadClaims(const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  ClaimSet set;
  ASSAY_RETURN_IF_ERROR(ParseTextProto(text, path, &set));
  const absl::Status checked = CheckClaims(set);
  if (!checked.ok()) {
    return absl::Status(checked.code(),
                        absl::StrCat(path, ": ", checked.message()));
  }
  return set;
}

absl::Status CheckClaims(const ClaimSet& set) {
  if (set.plugin().empty() || set.claims().empty()) {
    return absl::InvalidArgumentError(
        "expected a plugin's name and at least one claim");
  }
  std::set<std::string> ids;
  for (const Claim& claim : set.claims()) {
    if (claim.id().empty() || !ids.insert(claim.id()).second) {
      return Wrong(claim, "expected an id that no other claim has");
    }
    ASSAY_RETURN_IF_ERROR(CheckClaim(claim));
    ASSAY_RETURN_IF_ERROR(RunsOf(claim).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RunSpec>> RunsOf(const Claim& claim) {
  return ExpandSuite(SuiteOf(claim));
}

bool Serves(const RunSpec& made, const RunSpec& wanted) {
  const auto essence = [](const RunSpec& spec) {
    RunSpec what = spec;
    what.clear_measure();
    what.clear_label();
    return RunHash(what);
  };
  if (essence(made) != essence(wanted)) return false;
  const MeasureSpec &has = made.measure(), &needs = wanted.measure();
  if (needs.same_allowance() && !has.same_allowance()) return false;
  if (needs.skip()) return true;
  // No caches named are hot ones.
  const bool hot_alone = has.caches().empty();
  for (const std::string& caches : needs.caches()) {
    if (hot_alone || !Has(has.caches(), caches)) return false;
  }
  if (needs.caches().empty() && !hot_alone && !Has(has.caches(), "hot")) {
    return false;
  }
  return !has.skip() && HasAll(has.batch_sizes(), needs.batch_sizes()) &&
         HasAll(has.other_backends(), needs.other_backends());
}

}  // namespace assay
