// Cards with typed parameters, and the values a run was given.
#ifndef ASSAY_HARNESS_ABI_SDK_CONFIG_H_
#define ASSAY_HARNESS_ABI_SDK_CONFIG_H_

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services.h"

namespace assay::sdk {

enum class Kind : uint32_t {
  kBaseline = ASSAY_KIND_BASELINE,
  kPrune = ASSAY_KIND_PRUNE,
  kSearch = ASSAY_KIND_SEARCH,
  kQuantize = ASSAY_KIND_QUANTIZE,
  kMixed = ASSAY_KIND_MIXED,
};

enum class Determinism : uint32_t {
  kStatistical = ASSAY_STATISTICAL,
  kMachine = ASSAY_BITWISE_MACHINE,
  kThreads = ASSAY_BITWISE_THREADS,
};

struct Range {
  double low = std::numeric_limits<double>::lowest();
  double high = std::numeric_limits<double>::max();
};

// Who a method is and which parameters it takes. A parameter's number (the
// first argument) is for ever: never reuse one, retire it. Copies are the same
// card.
class Card {
 public:
  explicit Card(std::string_view id) {
    s_->card.size = ASSAY_SIZE(assay_card);
    s_->card.revision = ASSAY_REVISION;
    s_->card.id = Keep(id);
    s_->card.determinism = ASSAY_STATISTICAL;
  }

  Card& Version(std::string_view v) {
    return s_->card.version = Keep(v), *this;
  }
  Card& Title(std::string_view v) { return s_->card.title = Keep(v), *this; }
  Card& Paper(std::string_view v) { return s_->card.paper = Keep(v), *this; }
  Card& Licence(std::string_view v) {
    return s_->card.licence = Keep(v), *this;
  }
  Card& Kind(sdk::Kind kind) {
    return s_->card.kind = static_cast<uint32_t>(kind), *this;
  }
  Card& Determinism(sdk::Determinism level) {
    return s_->card.determinism = static_cast<uint32_t>(level), *this;
  }
  // Bits ASSAY_BUDGET_...: what it can meet. None: only runs without budget.
  Card& Budgets(uint32_t kinds) { return s_->card.budgets = kinds, *this; }
  // Bits ASSAY_IMAGE, ...; any unless said.
  Card& Modalities(uint32_t bits) { return s_->card.modalities = bits, *this; }
  // A host table that the method cannot do without: ASSAY_TRAIN_ID.
  Card& Requires(std::string_view table) {
    s_->tables.push_back(Keep(table));
    return *this;
  }

  Card& Flag(uint32_t id, std::string_view key, bool preset,
             std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_FLAG, key, help);
    p.low = 0;
    p.high = 1;
    p.preset = preset ? 1 : 0;
    return *this;
  }
  Card& Integer(uint32_t id, std::string_view key, int64_t preset, Range range,
                std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_INTEGER, key, help);
    p.low = range.low;
    p.high = range.high;
    p.preset = static_cast<double>(preset);
    return *this;
  }
  Card& Real(uint32_t id, std::string_view key, double preset, Range range,
             std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_REAL, key, help);
    p.low = range.low;
    p.high = range.high;
    p.preset = preset;
    return *this;
  }
  Card& Choice(uint32_t id, std::string_view key,
               const std::vector<std::string_view>& choices,
               std::string_view preset, std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_CHOICE, key, help);
    s_->lists.emplace_back();
    for (std::string_view c : choices) s_->lists.back().push_back(Keep(c));
    p.choices = s_->lists.back().data();
    p.choice_count = s_->lists.back().size();
    p.preset_text = Keep(preset);
    return *this;
  }
  Card& Text(uint32_t id, std::string_view key, std::string_view preset,
             std::string_view help) {
    New(id, ASSAY_PARAM_TEXT, key, help).preset_text = Keep(preset);
    return *this;
  }
  Card& Reals(uint32_t id, std::string_view key, std::vector<double> preset,
              Range range, std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_REALS, key, help);
    p.low = range.low;
    p.high = range.high;
    s_->reals.push_back(std::move(preset));
    p.preset_reals = s_->reals.back().data();
    p.preset_reals_count = s_->reals.back().size();
    return *this;
  }

  // The card as the host reads it; lent as long as a copy of this object lives
  // and none is changed.
  const assay_card* raw() {
    s_->pointers.clear();
    for (const assay_param& p : s_->params) s_->pointers.push_back(&p);
    s_->card.parameters = s_->pointers.data();
    s_->card.parameter_count = s_->pointers.size();
    s_->card.requires_tables = s_->tables.data();
    s_->card.requires_count = s_->tables.size();
    return &s_->card;
  }

 private:
  assay_text Keep(std::string_view text) {
    s_->texts.emplace_back(text);
    return ToText(s_->texts.back());
  }
  assay_param& New(uint32_t id, int32_t type, std::string_view key,
                   std::string_view help) {
    assay_param p{};
    p.size = ASSAY_SIZE(assay_param);
    p.id = id;
    p.type = type;
    p.key = Keep(key);
    p.help = Keep(help);
    s_->params.push_back(p);
    return s_->params.back();
  }

  struct State {
    assay_card card{};
    // Deques: what is kept stays where it is.
    std::deque<std::string> texts;
    std::deque<assay_param> params;
    std::deque<std::vector<assay_text>> lists;
    std::deque<std::vector<double>> reals;
    std::vector<const assay_param*> pointers;
    std::vector<assay_text> tables;
  };

  std::shared_ptr<State> s_ = std::make_shared<State>();
};

// The checked values of a run, by key. A key that the card does not have throws
// std::out_of_range: a slip of the plugin, which the SDK reports as INTERNAL.
class Config {
 public:
  Config() = default;
  Config(const assay_card& card, const assay_config* config) {
    for (uint32_t i = 0; config != nullptr && i < config->count; ++i) {
      const assay_setting& setting = *config->settings[i];
      for (uint64_t k = 0; k < card.parameter_count; ++k) {
        if (card.parameters[k]->id == setting.id) {
          settings_[sdk::ToString(card.parameters[k]->key)] = &setting;
        }
      }
    }
  }

  bool Flag(std::string_view key) const { return At(key).integer != 0; }
  int64_t Integer(std::string_view key) const { return At(key).integer; }
  double Real(std::string_view key) const { return At(key).real; }
  std::string Text(std::string_view key) const {
    return sdk::ToString(At(key).text);
  }
  std::string Choice(std::string_view key) const { return Text(key); }
  std::vector<double> Reals(std::string_view key) const {
    const assay_setting& s = At(key);
    return std::vector<double>(s.reals, s.reals + s.reals_count);
  }

 private:
  const assay_setting& At(std::string_view key) const {
    const auto it = settings_.find(key);
    if (it == settings_.end()) {
      throw std::out_of_range("the card has no parameter " + std::string(key));
    }
    return *it->second;
  }

  std::map<std::string, const assay_setting*, std::less<>> settings_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_CONFIG_H_
