#include "datasets/fetch/download.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "datasets/fetch/test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

class DownloadTest : public testing::Test {
 protected:
  DownloadTest() {
    EXPECT_EQ(std::system(("rm -rf '" + dir_ + "'").c_str()), 0);
    for (int i = 0; i < 100; ++i) content_ += std::to_string(i) + ",";
    server_.files["/a"] = content_;
  }
  absl::Status Get(const std::string& url, const std::string& sha256) {
    return Download(url, path_, sha256, options_);
  }
  absl::Status Get() { return Get(server_.Url("/a"), Sha256Hex(content_)); }

  const std::string dir_ = JoinPath(testing::TempDir(), "download_test");
  const std::string path_ = JoinPath(dir_, "deep/down/a");
  std::string content_;  // 290 bytes
  DownloadOptions options_ = {.retries = 2, .show_progress = false};
  TestServer server_;
};

TEST_F(DownloadTest, GetsAFileWholeAndLeavesNoPart) {
  ASSERT_TRUE(Get().ok());
  EXPECT_EQ(*ReadFile(path_), content_);
  EXPECT_THAT(*ListFolder(JoinPath(dir_, "deep/down")), ElementsAre("a"));
}

TEST_F(DownloadTest, FileThatIsThereIsNotFetchedAgain) {
  ASSERT_TRUE(WriteFileAtomically(path_, content_).ok());
  ASSERT_TRUE(Get().ok());
  EXPECT_THAT(server_.Requests(), IsEmpty());
}

TEST_F(DownloadTest, BrokenTransferGoesOnWhereItBroke) {
  server_.break_offs = 2;
  server_.break_after = 100;
  ASSERT_TRUE(Get().ok());
  EXPECT_EQ(*ReadFile(path_), content_);
  EXPECT_THAT(server_.Requests(),
              ElementsAre("GET /a", "GET /a from 100", "GET /a from 200"));
}

TEST_F(DownloadTest, LaterCallGoesOnWhereTheFirstGaveUp) {
  options_.retries = 0;
  server_.break_offs = 1;
  server_.break_after = 100;
  const absl::Status status = Get();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              EndsWith("100 B arrived and are kept, run again to go on"));
  EXPECT_FALSE(FileExists(path_));
  ASSERT_TRUE(Get().ok());
  EXPECT_EQ(*ReadFile(path_), content_);
  EXPECT_THAT(server_.Requests(), ElementsAre("GET /a", "GET /a from 100"));
}

TEST_F(DownloadTest, ServerThatCannotResumeSendsAllAgain) {
  server_.can_resume = false;
  server_.break_offs = 1;
  server_.break_after = 100;
  ASSERT_TRUE(Get().ok());
  EXPECT_EQ(*ReadFile(path_), content_);
}

TEST_F(DownloadTest, PartOfAnotherFileIsStartedOver) {
  ASSERT_TRUE(WriteFileAtomically(path_ + ".part", "something else").ok());
  ASSERT_TRUE(Get().ok());
  EXPECT_EQ(*ReadFile(path_), content_);
  EXPECT_THAT(server_.Requests(), ElementsAre("GET /a from 14", "GET /a"));
}

TEST_F(DownloadTest, PartThatIsTooLongIsStartedOver) {
  ASSERT_TRUE(WriteFileAtomically(path_ + ".part", content_ + "more").ok());
  ASSERT_TRUE(Get().ok());
  EXPECT_EQ(*ReadFile(path_), content_);
}

TEST_F(DownloadTest, WholePartNeedsNoRequest) {
  ASSERT_TRUE(WriteFileAtomically(path_ + ".part", content_).ok());
  ASSERT_TRUE(Get().ok());
  EXPECT_THAT(server_.Requests(), IsEmpty());
}

TEST_F(DownloadTest, OtherDigestIsDataLossAndLeavesNothing) {
  const absl::Status status = Get(server_.Url("/a"), Sha256Hex("other"));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("/a: expected SHA-256 " + Sha256Hex("other") +
                        ", got " + Sha256Hex(content_)));
  EXPECT_THAT(*ListFolder(JoinPath(dir_, "deep/down")), IsEmpty());
}

TEST_F(DownloadTest, LongerThanAllowedIsDataLoss) {
  options_.max_bytes = 200;
  const absl::Status status = Get();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              EndsWith("/a: expected at most 200 bytes, got more"));
}

TEST_F(DownloadTest, AbsentFileIsNotFoundAtOnce) {
  EXPECT_EQ(Get(server_.Url("/none"), "").code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(server_.Requests(), ElementsAre("GET /none"));
}

TEST_F(DownloadTest, BusyServerIsAskedAgain) {
  server_.unavailable = 2;
  EXPECT_TRUE(Get().ok());
  EXPECT_EQ(server_.Requests().size(), 3u);
}

TEST_F(DownloadTest, FollowsRedirectsButNotToLocalFiles) {
  server_.redirects["/moved"] = server_.Url("/a");
  EXPECT_TRUE(Get(server_.Url("/moved"), Sha256Hex(content_)).ok());
  server_.redirects["/trap"] = "file:///etc/hostname";
  EXPECT_EQ(Get(server_.Url("/trap"), "").code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(DownloadTest, ReadsFileUrls) {
  const std::string source = JoinPath(dir_, "source");
  ASSERT_TRUE(WriteFileAtomically(source, content_).ok());
  ASSERT_TRUE(Get("file://" + source, Sha256Hex(content_)).ok());
  EXPECT_EQ(*ReadFile(path_), content_);
  EXPECT_EQ(Get("file://" + source + ".none", "").code(),
            absl::StatusCode::kNotFound);
}

TEST_F(DownloadTest, OtherSchemesAreRefused) {
  for (const char* url : {"ftp://host/a", "/etc/hostname", ""}) {
    EXPECT_EQ(Get(url, "").code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace assay
