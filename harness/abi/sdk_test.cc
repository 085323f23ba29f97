#include "harness/abi/sdk.h"

#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "gtest/gtest.h"

// The least that a host is: statuses on the heap, one log line, no tables but
// those two.
struct assay_status {
  int32_t code;
  std::string message;
};
struct assay_host {
  std::string logged;
};

namespace {

using assay::sdk::Code;
using assay::sdk::Status;
using assay::sdk::StatusOr;

assay_status* MakeStatus(assay_host*, int32_t code, assay_text message,
                         assay_status* cause) {
  std::unique_ptr<assay_status> owned(cause);
  return new assay_status{code, std::string(message.data, message.size)};
}
int32_t CodeOf(const assay_status* s) { return s == nullptr ? 0 : s->code; }
assay_text MessageOf(const assay_status* s) {
  return {s->message.data(), s->message.size()};
}
void FreeStatus(assay_status* s) { delete s; }

constexpr assay_status_table kStatus = {ASSAY_SIZE(assay_status_table),
                                        1,
                                        &MakeStatus,
                                        &CodeOf,
                                        &MessageOf,
                                        &FreeStatus};

void WriteLog(assay_host* host, int32_t, assay_text line) {
  host->logged.assign(line.data, line.size);
}

// A host of an older build: its log table ends behind `write`.
struct ShortLogTable {
  uint32_t size, revision;
  void (*write)(assay_host*, int32_t, assay_text);
};
constexpr ShortLogTable kShortLog = {ASSAY_SIZE(ShortLogTable), 1, &WriteLog};

const void* Find(assay_host*, assay_text id) {
  const std::string name(id.data, id.size);
  if (name == ASSAY_STATUS_ID) return &kStatus;
  if (name == ASSAY_LOG_ID) return &kShortLog;
  return nullptr;
}

class Misbehaving final : public assay::sdk::Method {
 public:
  Status Plan(const assay::sdk::Run& run, assay::sdk::Needs& needs) override {
    needs.epochs = run.config().Real("epochs");
    return assay::sdk::OkStatus();
  }
  Status Apply(assay::sdk::Run& run) override {
    if (run.config().Choice("how") == "throw") {
      throw std::runtime_error("out of ideas");
    }
    if (run.config().Choice("how") == "key") {
      return assay::sdk::InvalidArgument(run.config().Text("no_such_key"));
    }
    run.Log("calling");
    run.Progress("phase", 1, 2);  // beyond the end of this host's table
    return run.CloneGraph().status();
  }
};

class SdkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    offer_ = {ASSAY_SIZE(assay_offer), 1, 1, 0, &host_, &Find};
    answer_.size = ASSAY_SIZE(assay_answer);
    ASSERT_EQ(assay_module_open_v1(&offer_, &answer_), ASSAY_OPENED);
  }

  // The status of run with that choice; takes the code and message along.
  Status RunWith(const char* how) {
    const assay_card& card = *answer_.module->card(0);
    assay_setting choice{}, epochs{};
    choice.size = epochs.size = ASSAY_SIZE(assay_setting);
    choice.id = 1;
    choice.text = {how, std::strlen(how)};
    epochs.id = 2;
    epochs.real = 1.5;
    const assay_setting* settings[] = {&choice, &epochs};
    const assay_config config = {ASSAY_SIZE(assay_config), 2, settings};
    EXPECT_EQ(card.parameter_count, 2u);
    assay_method* method = nullptr;
    EXPECT_EQ(answer_.module->make(0, &host_, &config, &method), nullptr);
    const auto* table =
        static_cast<const assay_method_table*>(answer_.module->find(
            method, {ASSAY_METHOD_ID, sizeof(ASSAY_METHOD_ID) - 1}));
    assay_needs needs{};
    needs.size = ASSAY_SIZE(assay_needs);
    EXPECT_EQ(table->plan(method, &needs), nullptr);
    EXPECT_EQ(needs.epochs, 1.5);
    const assay::sdk::Services services(&host_, &Find);
    const Status status = assay::sdk::TakeStatus(services, table->run(method));
    answer_.module->drop(method);
    return status;
  }

  assay_host host_;
  assay_offer offer_{};
  assay_answer answer_{};
};

TEST_F(SdkTest, NoExceptionLeaves) {
  const Status status = RunWith("throw");
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_EQ(status.message(), "method threw: out of ideas");
}

TEST_F(SdkTest, AKeyThatTheCardLacksIsAnInternalError) {
  EXPECT_EQ(RunWith("key").message(),
            "method threw: the card has no parameter no_such_key");
}

TEST_F(SdkTest, AbsentTablesAndShortOnesAreAnsweredUnimplemented) {
  const Status status = RunWith("call");
  EXPECT_EQ(status.code(), Code::kUnimplemented);
  EXPECT_EQ(status.message(), "this host does not offer assay.graph clone");
  EXPECT_EQ(host_.logged, "calling");
}

TEST_F(SdkTest, OpensTwiceWithTheSameTable) {
  assay_answer again{};
  again.size = ASSAY_SIZE(assay_answer);
  ASSERT_EQ(assay_module_open_v1(&offer_, &again), ASSAY_OPENED);
  EXPECT_EQ(again.module, answer_.module);
}

TEST_F(SdkTest, RefusesAHostOfOtherRevisionsInWords) {
  offer_.revision_low = 2;
  offer_.revision_high = 5;
  EXPECT_EQ(assay_module_open_v1(&offer_, &answer_), ASSAY_NO_COMMON_REVISION);
  EXPECT_STREQ(answer_.why, "this module speaks revision 1, the host 2 to 5");
}

TEST(CardTest, ACopyOutlivesWhatItWasMadeFrom) {
  const auto make = [] {
    assay::sdk::Card card("copied");
    card.Version("1.2.3").Choice(1, "how", {"this", "that"}, "that", "help");
    return assay::sdk::Card(card);
  };
  assay::sdk::Card copy = make();
  const assay_card& raw = *copy.raw();
  EXPECT_EQ(assay::sdk::ToView(raw.id), "copied");
  EXPECT_EQ(assay::sdk::ToView(raw.version), "1.2.3");
  EXPECT_EQ(assay::sdk::ToView(raw.parameters[0]->choices[1]), "that");
}

TEST(StatusOrTest, TheValueOfAnErrorThrows) {
  const StatusOr<int> none = assay::sdk::Cancelled();
  EXPECT_THROW((void)none.value(), std::logic_error);
  EXPECT_EQ(*StatusOr<int>(3), 3);
}

}  // namespace

ASSAY_EXPORT_METHOD(Misbehaving, assay::sdk::Card("misbehaving")
                                     .Version("1.0.0")
                                     .Choice(1, "how", {"throw", "key", "call"},
                                             "throw", "what to do")
                                     .Real(2, "epochs", 1, {0, 10}, "length"));
