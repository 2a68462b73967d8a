// SPDX-License-Identifier: BSD-3-Clause
//
// --state: the session of a client in a file, so that the next run goes on with it. Written whole beside the
// file and renamed, so that a program that is killed leaves the session of before or of after. It is not
// forced to the disk: it survives the program, not a power cut.
#ifndef MQTTSN_CLIENT_TOOLS_STATE_FILE_HPP
#define MQTTSN_CLIENT_TOOLS_STATE_FILE_HPP

#include <mqttsn/client.h>

#include <cstdint>
#include <string>
#include <vector>

namespace mqttsn::tools {

class StateFile {
  public:
    explicit StateFile(std::string path) : path_(std::move(path)) {}

    const std::string& path() const { return path_; }

    /// Reads the blob of an earlier run; empty = there is no file.
    /// @return "" or what is wrong: unreadable, or a file of another kind (which store() must not replace)
    std::string load(std::vector<std::uint8_t>& blob) const;
    /// Not while a MESSAGE waits to be pulled. @return "" or what is wrong
    std::string store(const mqttsn_client& client);

  private:
    std::string path_;
    std::vector<std::uint8_t> contents_;
};

}  // namespace mqttsn::tools

#endif
