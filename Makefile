# make demo   set up, build, and answer questions about bundled pictures
# make test   set up, build, and run every test
# make build  set up and build .build/release/hired
# make lint   check the formatting; make format mends it

export PKG_CONFIG_PATH := $(CURDIR)/.deps/pkgconfig:$(PKG_CONFIG_PATH)
# Tests and products share one build folder and one set of flags: hot loops are tens of times slower in debug.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing
SWIFT_SOURCES := Package.swift Sources Tests Benchmarks

.PHONY: demo build test lint format bench bootstrap clean

demo: build
	.build/release/hired demo

bootstrap:
	@script/bootstrap

build: bootstrap
	swift build $(SWIFT_FLAGS) --product hired

test: bootstrap
	swift test $(SWIFT_FLAGS)

lint:
	swift format lint --strict --recursive $(wildcard $(SWIFT_SOURCES))

format:
	swift format --in-place --recursive $(wildcard $(SWIFT_SOURCES))

bench: bootstrap
	swift run $(SWIFT_FLAGS) HiREDBenchmarks

clean:
	rm -rf .build demo-output
