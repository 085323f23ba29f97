// A small HTTP server on the loopback interface, for tests of downloads.
#ifndef ASSAY_DATASETS_FETCH_TEST_SERVER_H_
#define ASSAY_DATASETS_FETCH_TEST_SERVER_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace assay {

// Answers one request after another until destroyed. Configure it before the
// first request.
class TestServer {
 public:
  TestServer();
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::map<std::string, std::string> files;      // path ("/a") to content
  std::map<std::string, std::string> redirects;  // path to Location
  // Each of the next answers breaks off after so many bytes of its body.
  int break_offs = 0;
  size_t break_after = 0;
  int unavailable = 0;     // that many answers are 503
  bool can_resume = true;  // else a Range is ignored and all is sent

  std::string Url(const std::string& path) const;

  // "GET /a" or "GET /a from 10", in order.
  std::vector<std::string> Requests();

 private:
  void Run();
  void Answer(int client);

  int listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace assay

#endif  // ASSAY_DATASETS_FETCH_TEST_SERVER_H_
