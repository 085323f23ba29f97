#include "harness/report/check.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsAvailability(const Descriptor* type) {
  return type == Availability::descriptor();
}

// A record that says itself whether it has a value.
bool IsRecord(const Descriptor* type) {
  const FieldDescriptor* own = type->FindFieldByName("availability");
  return own != nullptr && own->message_type() != nullptr &&
         IsAvailability(own->message_type());
}

// A singular message field outside a oneof.
bool IsSection(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         !field->is_repeated() && field->containing_oneof() == nullptr;
}

bool MustExist(const FieldDescriptor* field) {
  return IsSection(field) && (IsAvailability(field->message_type()) ||
                              IsRecord(field->message_type()));
}

std::string Join(absl::string_view path, absl::string_view name) {
  return path.empty() ? std::string(name) : absl::StrCat(path, ".", name);
}

absl::Status Wrong(absl::string_view path, absl::string_view expected,
                   absl::string_view got) {
  return absl::InvalidArgumentError(absl::StrCat(
      "report field ", path, ": expected ", expected, ", got ", got));
}

bool InUnitInterval(absl::string_view name) {
  return absl::EndsWith(name, "fraction") || absl::EndsWith(name, "p_value") ||
         name == "confidence" || name == "density" ||
         absl::StartsWith(name, "alpha");
}

absl::Status CheckNumber(const std::string& path, absl::string_view name,
                         double value) {
  if (!std::isfinite(value)) {
    return Wrong(path, "a finite number", absl::StrCat(value));
  }
  if (InUnitInterval(name) && (value < 0.0 || value > 1.0)) {
    return Wrong(path, "a number in [0, 1]", absl::StrCat(value));
  }
  return absl::OkStatus();
}

absl::Status CheckHash(const std::string& path, const std::string& value) {
  bool good = value.empty() || value.size() == 64;
  for (char c : value) {
    good = good && (absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                    (c >= 'a' && c <= 'f'));
  }
  if (good) return absl::OkStatus();
  return Wrong(path, "64 lower-case hexadecimal digits",
               absl::StrCat("\"", value.substr(0, 80), "\""));
}

absl::Status CheckInterval(const std::string& path, const Interval& interval) {
  if (interval.low() <= interval.high()) return absl::OkStatus();
  return Wrong(path, "low <= high",
               absl::StrCat(interval.low(), " > ", interval.high()));
}

// One value of a scalar field; `index` < 0 for a singular one.
absl::Status CheckScalar(const Message& message, const FieldDescriptor* field,
                         int index, const std::string& path) {
  const Reflection& r = *message.GetReflection();
  const bool repeated = index >= 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return CheckNumber(path, field->name(),
                         repeated ? r.GetRepeatedDouble(message, field, index)
                                  : r.GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return CheckNumber(path, field->name(),
                         repeated ? r.GetRepeatedFloat(message, field, index)
                                  : r.GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_STRING:
      if (field->type() == FieldDescriptor::TYPE_BYTES) break;
      if (!absl::EndsWith(field->name(), "sha256")) break;
      return CheckHash(path, repeated
                                 ? r.GetRepeatedString(message, field, index)
                                 : r.GetString(message, field));
    default:
      break;
  }
  return absl::OkStatus();
}

// Calls visit(message, path) for `message` and every message in it.
template <typename Visit>
absl::Status Walk(const Message& message, const std::string& path,
                  const Visit& visit) {
  ASSAY_RETURN_IF_ERROR(visit(message, path));
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const Reflection& r = *message.GetReflection();
    const std::string name = Join(path, field->name());
    if (!field->is_repeated()) {
      ASSAY_RETURN_IF_ERROR(Walk(r.GetMessage(message, field), name, visit));
      continue;
    }
    for (int i = 0; i < r.FieldSize(message, field); ++i) {
      ASSAY_RETURN_IF_ERROR(Walk(r.GetRepeatedMessage(message, field, i),
                                 absl::StrCat(name, "[", i, "]"), visit));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckScalars(const Message& message, const std::string& path) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = Join(path, field->name());
    if (!field->is_repeated()) {
      ASSAY_RETURN_IF_ERROR(CheckScalar(message, field, -1, name));
      continue;
    }
    const int size = message.GetReflection()->FieldSize(message, field);
    for (int i = 0; i < size; ++i) {
      ASSAY_RETURN_IF_ERROR(
          CheckScalar(message, field, i, absl::StrCat(name, "[", i, "]")));
    }
  }
  if (message.GetDescriptor() == Interval::descriptor()) {
    return CheckInterval(path, static_cast<const Interval&>(message));
  }
  return absl::OkStatus();
}

absl::Status CheckSections(const Message& message, const std::string& path) {
  if (IsAvailability(message.GetDescriptor())) {
    const auto& availability = static_cast<const Availability&>(message);
    if (availability.state() == Availability::STATE_UNSPECIFIED) {
      return Wrong(path, "a state", "none");
    }
    if (availability.reason().empty() &&
        availability.state() != Availability::MEASURED &&
        availability.state() != Availability::DERIVED) {
      return Wrong(path, "a reason",
                   absl::StrCat("none with state ", Availability::State_Name(
                                                        availability.state())));
    }
    return absl::OkStatus();
  }
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (MustExist(field) &&
        !message.GetReflection()->HasField(message, field)) {
      return Wrong(Join(path, field->name()), "it to be set or marked",
                   "nothing");
    }
  }
  return absl::OkStatus();
}

// `outer` is what an unset Availability inside `message` becomes.
void Fill(Availability outer, Message* message) {
  const Reflection& r = *message->GetReflection();
  const Descriptor* type = message->GetDescriptor();
  if (IsRecord(type)) {
    const FieldDescriptor* own = type->FindFieldByName("availability");
    auto* mine = static_cast<Availability*>(r.MutableMessage(message, own));
    if (mine->state() == Availability::STATE_UNSPECIFIED) *mine = outer;
    if (!HasValue(*mine)) outer = *mine;
  }
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->is_repeated()) {
      for (int j = 0; j < r.FieldSize(*message, field); ++j) {
        Fill(outer, r.MutableRepeatedMessage(message, field, j));
      }
    } else if (IsAvailability(field->message_type())) {
      auto* it = static_cast<Availability*>(r.MutableMessage(message, field));
      if (it->state() == Availability::STATE_UNSPECIFIED) *it = outer;
    } else if (MustExist(field) || r.HasField(*message, field)) {
      Fill(outer, r.MutableMessage(message, field));
    }
  }
}

}  // namespace

absl::Status CheckWellFormed(const Report& report) {
  if (report.schema() > kReportSchema) {
    return absl::FailedPreconditionError(absl::StrCat(
        "report schema ", report.schema(), " is newer than this program's ",
        kReportSchema, "; use a newer Assay"));
  }
  if (report.schema() == 0) return Wrong("schema", "1 or more", "0");
  if (report.identity().method().empty()) {
    return Wrong("identity.method", "a name", "none");
  }
  if (report.identity().task().empty()) {
    return Wrong("identity.task", "a name", "none");
  }
  if (report.outcome().status() == Outcome::STATUS_UNSPECIFIED) {
    return Wrong("outcome.status", "a status", "none");
  }
  return Walk(report, "", CheckScalars);
}

absl::Status CheckReport(const Report& report) {
  ASSAY_RETURN_IF_ERROR(CheckWellFormed(report));
  return Walk(report, "", CheckSections);
}

void FillUnset(Availability::State state, absl::string_view reason,
               Report* report) {
  Fill(MakeAvailability(state, reason), report);
}

void FillUnreached(Report* report) {
  const Outcome& outcome = report->outcome();
  FillUnset(Availability::NOT_REACHED,
            absl::StrCat("the run ended with ",
                         Outcome::Status_Name(outcome.status()), " in stage ",
                         Outcome::Stage_Name(outcome.stage())),
            report);
}

Availability MakeAvailability(Availability::State state,
                              absl::string_view reason) {
  Availability availability;
  availability.set_state(state);
  availability.set_reason(std::string(reason));
  return availability;
}

bool HasValue(const Availability& availability) {
  return availability.state() == Availability::MEASURED ||
         availability.state() == Availability::DERIVED ||
         availability.state() == Availability::ESTIMATED;
}

}  // namespace assay
