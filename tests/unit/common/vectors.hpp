// SPDX-License-Identifier: BSD-3-Clause
//
// Reads tests/vectors/*.hex: lines of "name | sender | hex", '#' starts a comment line.
#ifndef TESTS_UNIT_COMMON_VECTORS_HPP
#define TESTS_UNIT_COMMON_VECTORS_HPP

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "support/hex.hpp"

namespace test {

struct Vector {
    std::string name;
    bool from_device;
    bool from_gateway;
    Octets octets;
};

/// All vectors of the file. A file that is missing, or a line that cannot be read, ends the program: the test
/// is wrong.
inline std::vector<Vector> read_vectors(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        std::abort();
    }
    const auto trimmed = [](const std::string& text) {
        const std::size_t first = text.find_first_not_of(" \t\r");
        const std::size_t last = text.find_last_not_of(" \t\r");
        return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
    };
    std::vector<Vector> vectors;
    for (std::string line; std::getline(file, line);) {
        if (trimmed(line).empty() || line[0] == '#') {
            continue;
        }
        const std::size_t bar = line.find('|');
        const std::size_t second_bar = line.find('|', bar == std::string::npos ? bar : bar + 1);
        if (second_bar == std::string::npos) {
            std::abort();
        }
        const std::string sender = trimmed(line.substr(bar + 1, second_bar - bar - 1));
        if (sender != "device" && sender != "gateway" && sender != "both") {
            std::abort();
        }
        vectors.push_back(Vector{trimmed(line.substr(0, bar)), sender != "gateway", sender != "device",
                                 hex(line.substr(second_bar + 1))});
    }
    return vectors;
}

}  // namespace test

#endif
