#include "harness/host/module/card.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

absl::string_view View(assay_text text) {
  return text.data == nullptr ? absl::string_view()
                              : absl::string_view(text.data, text.size);
}

absl::Status Invalid(absl::string_view what) {
  return absl::InvalidArgumentError(what);
}

bool IsId(absl::string_view id) {
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
}

// Shortest text that reads back to the same double.
std::string RealText(double value) {
  for (int digits = 6; digits < 17; ++digits) {
    std::string text = absl::StrFormat("%.*g", digits, value);
    double back = 0;
    if (absl::SimpleAtod(text, &back) && back == value) return text;
  }
  return absl::StrFormat("%.17g", value);
}

absl::Status CheckRange(const assay_param& p, double value) {
  if (value >= p.low && value <= p.high) return absl::OkStatus();
  return Invalid(absl::StrCat(View(p.key), ": expected a value in [",
                              RealText(p.low), ", ", RealText(p.high),
                              "], got ", RealText(value)));
}

absl::Status CheckChoice(const assay_param& p, absl::string_view value) {
  std::vector<absl::string_view> choices;
  for (uint64_t i = 0; i < p.choice_count; ++i) {
    choices.push_back(View(p.choices[i]));
    if (choices.back() == value) return absl::OkStatus();
  }
  return Invalid(absl::StrCat(View(p.key), ": expected one of ",
                              absl::StrJoin(choices, ", "), "; got ", value));
}

absl::Status CheckPreset(const assay_param& p) {
  switch (p.type) {
    case ASSAY_PARAM_FLAG:
    case ASSAY_PARAM_INTEGER:
    case ASSAY_PARAM_REAL:
      return CheckRange(p, p.preset);
    case ASSAY_PARAM_CHOICE:
      return CheckChoice(p, View(p.preset_text));
    case ASSAY_PARAM_TEXT:
      return absl::OkStatus();
    case ASSAY_PARAM_REALS:
      for (uint64_t i = 0; i < p.preset_reals_count; ++i) {
        ASSAY_RETURN_IF_ERROR(CheckRange(p, p.preset_reals[i]));
      }
      return absl::OkStatus();
    default:
      return Invalid(absl::StrCat(View(p.key), ": unknown type ", p.type));
  }
}

}  // namespace

absl::Status CheckCard(const assay_card* card) {
  if (card == nullptr) return Invalid("is null");
  if (!ASSAY_HAS(card, assay_card, requires_count)) {
    return Invalid(absl::StrCat("expected at least ", sizeof(assay_card),
                                " bytes, got ", card->size));
  }
  if (!IsId(View(card->id))) {
    return Invalid(absl::StrCat(
        "id: expected lower-case letters, digits, '_' and '.', got \"",
        View(card->id), "\""));
  }
  if (View(card->version).empty()) return Invalid("version: is empty");
  std::set<uint32_t> ids;
  std::set<absl::string_view> keys;
  for (uint64_t i = 0; i < card->parameter_count; ++i) {
    const assay_param* p = card->parameters[i];
    if (p == nullptr || !ASSAY_HAS(p, assay_param, flags)) {
      return Invalid(absl::StrCat("parameter ", i, ": null or too small"));
    }
    if (View(p->key).empty()) {
      return Invalid(absl::StrCat("parameter ", i, ": has no key"));
    }
    if (!ids.insert(p->id).second || !keys.insert(View(p->key)).second) {
      return Invalid(absl::StrCat("parameter ", View(p->key),
                                  ": its number or key is used twice"));
    }
    const absl::Status preset = CheckPreset(*p);
    if (!preset.ok()) {
      return Invalid(absl::StrCat("preset of ", preset.message()));
    }
  }
  return absl::OkStatus();
}

namespace {

absl::StatusOr<double> ParseReal(const assay_param& p, absl::string_view text) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || std::isnan(value)) {
    return Invalid(
        absl::StrCat(View(p.key), ": expected a number, got ", text));
  }
  ASSAY_RETURN_IF_ERROR(CheckRange(p, value));
  return value;
}

absl::StatusOr<int64_t> ParseInteger(const assay_param& p,
                                     absl::string_view text) {
  if (p.type == ASSAY_PARAM_FLAG) {
    bool flag = false;
    if (!absl::SimpleAtob(text, &flag)) {
      return Invalid(
          absl::StrCat(View(p.key), ": expected true or false, got ", text));
    }
    return flag ? 1 : 0;
  }
  int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value)) {
    return Invalid(
        absl::StrCat(View(p.key), ": expected an integer, got ", text));
  }
  ASSAY_RETURN_IF_ERROR(CheckRange(p, static_cast<double>(value)));
  return value;
}

absl::StatusOr<std::vector<double>> ParseReals(const assay_param& p,
                                               absl::string_view text) {
  std::vector<double> values;
  for (absl::string_view part :
       absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    ASSAY_ASSIGN_OR_RETURN(const double value, ParseReal(p, part));
    values.push_back(value);
  }
  return values;
}

}  // namespace

absl::Status Settings::Add(const assay_param& p, const std::string* given) {
  assay_setting s{};
  s.size = ASSAY_SIZE(assay_setting);
  s.id = p.id;
  std::string text;
  switch (p.type) {
    case ASSAY_PARAM_FLAG:
    case ASSAY_PARAM_INTEGER:
      s.integer = static_cast<int64_t>(p.preset);
      if (given != nullptr) {
        ASSAY_ASSIGN_OR_RETURN(s.integer, ParseInteger(p, *given));
      }
      s.real = static_cast<double>(s.integer);
      text = p.type == ASSAY_PARAM_FLAG ? (s.integer != 0 ? "true" : "false")
                                        : absl::StrCat(s.integer);
      break;
    case ASSAY_PARAM_REAL:
      s.real = p.preset;
      if (given != nullptr) {
        ASSAY_ASSIGN_OR_RETURN(s.real, ParseReal(p, *given));
      }
      text = RealText(s.real);
      break;
    case ASSAY_PARAM_REALS: {
      std::vector<double> values(p.preset_reals,
                                 p.preset_reals + p.preset_reals_count);
      if (given != nullptr) {
        ASSAY_ASSIGN_OR_RETURN(values, ParseReals(p, *given));
      }
      storage_->reals.push_back(std::move(values));
      s.reals = storage_->reals.back().data();
      s.reals_count = storage_->reals.back().size();
      text = absl::StrJoin(
          storage_->reals.back(), ",",
          [](std::string* out, double v) { out->append(RealText(v)); });
      break;
    }
    default:
      text = given != nullptr ? *given : std::string(View(p.preset_text));
      if (p.type == ASSAY_PARAM_CHOICE) {
        ASSAY_RETURN_IF_ERROR(CheckChoice(p, text));
      }
      storage_->texts.push_back(text);
      s.text = {storage_->texts.back().data(), storage_->texts.back().size()};
  }
  storage_->settings.push_back(s);
  if ((p.flags & ASSAY_PARAM_RETIRED) == 0) {
    canonical_.emplace_back(View(p.key), std::move(text));
  }
  return absl::OkStatus();
}

absl::StatusOr<Settings> Settings::Resolve(
    const assay_card& card, const std::map<std::string, std::string>& given) {
  Settings settings;
  std::set<std::string> known;
  for (uint64_t i = 0; i < card.parameter_count; ++i) {
    const assay_param& p = *card.parameters[i];
    const std::string key(View(p.key));
    known.insert(key);
    const auto it = given.find(key);
    ASSAY_RETURN_IF_ERROR(
        settings.Add(p, it == given.end() ? nullptr : &it->second));
  }
  for (const auto& [key, value] : given) {
    if (known.count(key) == 0) {
      return Invalid(absl::StrCat("unknown parameter ", key, " of method ",
                                  View(card.id),
                                  "; known are: ", absl::StrJoin(known, ", ")));
    }
  }
  Storage& s = *settings.storage_;
  for (const assay_setting& setting : s.settings)
    s.pointers.push_back(&setting);
  s.config.size = ASSAY_SIZE(assay_config);
  s.config.count = static_cast<uint32_t>(s.pointers.size());
  s.config.settings = s.pointers.data();
  std::sort(settings.canonical_.begin(), settings.canonical_.end());
  return settings;
}

}  // namespace assay
