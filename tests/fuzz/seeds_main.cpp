// SPDX-License-Identifier: BSD-3-Clause
//
// Writes each golden datagram into a file of its own: the seeds of the codec's corpus.
// Usage: fuzz_seeds FILE.hex FOLDER (which must exist).
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "unit/common/vectors.hpp"

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s FILE.hex FOLDER\n", argv[0]);
        return 2;
    }
    for (const test::Vector& vector : test::read_vectors(argv[1])) {
        const std::filesystem::path path = std::filesystem::path(argv[2]) / vector.name;
        std::ofstream file(path, std::ios::binary);
        file.write(reinterpret_cast<const char*>(vector.octets.data()),
                   static_cast<std::streamsize>(vector.octets.size()));
        file.close();
        if (!file) {
            std::fprintf(stderr, "cannot write %s\n", path.c_str());
            return 1;
        }
    }
    return 0;
}
