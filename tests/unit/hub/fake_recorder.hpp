#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "recordings/recorder.hpp"

namespace camspan::test {

/// A recorder without files: a test says when things are stored and when they fail. Everything happens at once, on the
/// test's own thread.
class FakeRecorder final : public recordings::Recorder {
 public:
  struct Stream {
    recordings::Recorder::Begin begin;
    recordings::RecordingEvents events;
    std::vector<std::uint64_t> numbers;  ///< appended
    std::uint64_t stored = 0;
    bool open = false;
    std::size_t pending = 0;
  };

  std::map<std::string, Stream> streams;  ///< by the name of the stream
  std::vector<std::string> begun;
  std::error_code refuse;  ///< of the next begin()s

  /// All that came so far is on stable storage.
  void commit(const std::string& name) {
    Stream& stream = streams.at(name);
    if (!stream.numbers.empty()) stream.stored = stream.numbers.back() + 1;
    stream.events.committed(stream.stored);
  }
  void fail_storing(const std::string& name, std::error_code error) {
    streams.at(name).events.failed({error, "The disk is full."});
  }

  void begin(Begin begin, recordings::RecordingEvents events, std::function<void(Result<Ready>)> ready) override {
    const std::string name = begin.name.stream;
    begun.push_back(name);
    if (refuse) return ready(fail(refuse));
    Stream& stream = streams[name];
    if (begin.first > stream.stored) return ready(fail(Errc::gap));
    stream.begin = std::move(begin);
    stream.events = std::move(events);
    stream.open = true;
    ready(Ready{stream.stored, std::make_unique<FakeRecording>(stream)});
  }
  void remove(std::string, std::function<void(Result<>)> done) override { done({}); }
  void cut() override {}
  void run(std::function<void()> task) override { task(); }

 private:
  class FakeRecording final : public recordings::Recording {
   public:
    explicit FakeRecording(Stream& stream) : stream_(stream) {}
    ~FakeRecording() override { stream_.open = false; }
    void append(SharedUnit, std::uint64_t number) override { stream_.numbers.push_back(number); }
    void end(std::function<void(Result<std::uint64_t>)> done) override {
      if (!stream_.numbers.empty()) stream_.stored = std::max(stream_.stored, stream_.numbers.back() + 1);
      stream_.open = false;
      done(stream_.stored);
    }
    std::size_t pending_bytes() const override { return stream_.pending; }

   private:
    Stream& stream_;
  };
};

}  // namespace camspan::test
