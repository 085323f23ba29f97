#include "datasets/fetch/test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace assay {
namespace {

void Check(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::abort();
}

// Everything up to the empty line that ends a request.
std::string ReadRequest(int client) {
  std::string request;
  char c;
  while (request.find("\r\n\r\n") == std::string::npos &&
         read(client, &c, 1) == 1) {
    request += c;
  }
  return request;
}

void Send(int client, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;  // the client has gone
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

// N of "Range: bytes=N-"; 0 when there is none.
size_t RangeStart(const std::string& request) {
  const std::string key = "Range: bytes=";
  const size_t at = request.find(key);
  size_t start = 0;
  if (at == std::string::npos) return 0;
  const size_t from = at + key.size();
  Check(absl::SimpleAtoi(request.substr(from, request.find('-', from) - from),
                         &start),
        "Range");
  return start;
}

}  // namespace

TestServer::TestServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
  Check(listener_ >= 0, "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  Check(bind(listener_, any, size) == 0, "bind");
  Check(listen(listener_, 8) == 0, "listen");
  Check(getsockname(listener_, any, &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

TestServer::~TestServer() {
  shutdown(listener_, SHUT_RDWR);  // wakes accept()
  thread_.join();
  close(listener_);
}

std::string TestServer::Url(const std::string& path) const {
  return absl::StrCat("http://127.0.0.1:", port_, path);
}

std::vector<std::string> TestServer::Requests() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

void TestServer::Run() {
  while (true) {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    Answer(client);
    close(client);
  }
}

void TestServer::Answer(int client) {
  const std::string request = ReadRequest(client);
  const size_t blank = request.find(' ');
  if (blank == std::string::npos) return;
  const std::string path =
      request.substr(blank + 1, request.find(' ', blank + 1) - blank - 1);
  const size_t start = RangeStart(request);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(absl::StrCat(
        "GET ", path,
        start > 0 ? absl::StrCat(" from ", start) : std::string()));
  }
  const auto plain = [client](absl::string_view status,
                              absl::string_view header) {
    Send(client,
         absl::StrCat("HTTP/1.1 ", status, "\r\n", header,
                      "Content-Length: 0\r\nConnection: close\r\n\r\n"));
  };
  if (unavailable > 0) {
    --unavailable;
    return plain("503 Busy", "");
  }
  if (redirects.count(path) > 0) {
    return plain("302 Found",
                 absl::StrCat("Location: ", redirects[path], "\r\n"));
  }
  if (files.count(path) == 0) return plain("404 Not Found", "");
  const std::string& content = files[path];
  const bool partial = can_resume && start > 0;
  if (partial && start >= content.size()) {
    return plain("416 Range Not Satisfiable", "");
  }
  std::string body = partial ? content.substr(start) : content;
  Send(client,
       absl::StrCat(
           partial ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n",
           partial
               ? absl::StrCat("Content-Range: bytes ", start, "-",
                              content.size() - 1, "/", content.size(), "\r\n")
               : std::string(),
           "Content-Length: ", body.size(), "\r\nConnection: close\r\n\r\n"));
  if (break_offs > 0) {
    --break_offs;
    body.resize(std::min(body.size(), break_after));
  }
  Send(client, body);
}

}  // namespace assay
