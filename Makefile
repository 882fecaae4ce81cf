# Every command a person types. TF=tofu makes any of them use OpenTofu instead of terraform.

.DEFAULT_GOAL := help
export TF

.PHONY: help
help: ## Show this
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: prerequisites
prerequisites: ## Check that everything the repository cannot bring itself is here
	@tools/prerequisites

.PHONY: tools
tools: prerequisites ## Install the pinned third-party tools into .tools (minutes, once)
	@tools/install

tool-%: prerequisites ## Install one more tool, for example tool-helm
	@tools/install $*

.PHONY: build
build: ## Build the provider and the sandbox
	cargo build --workspace --bins

.PHONY: install
install: build ## Put the provider where terraform and OpenTofu find it
	@tools/install-provider

.PHONY: demo
demo: ## Raise the organization and dev on this machine, in a sandbox that answers as AWS would
	@tools/demo up

.PHONY: demo-shell
demo-shell: ## Open a shell that works in the demo
	@tools/demo shell

.PHONY: demo-down
demo-down: ## Take all of the demo away
	@tools/demo down

# Tests compare terraform with OpenTofu and releases with Helm's, so they need all of them.
.PHONY: test-tools
test-tools:
	@tools/prerequisites opentofu
	@tools/install
	@tools/install opentofu helm

.PHONY: test
test: test-tools install ## Run every test
	RUST_LIB_BACKTRACE=0 tools/run cargo test --workspace --no-fail-fast

.PHONY: conformance
conformance: tools install ## Check what every resource promises; RESOURCE= and CHECK= choose, FULL=1 kills at every call
	@tools/conformance

.PHONY: helm-differential
helm-differential: ## Render every chart under CHARTS= with the real Helm and with our engine, and compare
	@tools/helm-differential

.PHONY: helm-install
helm-install: tools install ## Install, upgrade and remove every chart under CHARTS= in a cluster of the sandbox
	$(if $(CHARTS),,$(error name the folder with the charts: make helm-install CHARTS=path/to/charts))
	CHARTS="$(abspath $(CHARTS))" tools/run cargo test --workspace --test upstream -- --nocapture

.PHONY: fuzz
fuzz: prerequisites ## Try any input, a minute for each target (SECONDS_EACH=) or so many inputs (RUNS=); KEEP=1 keeps what is new
	@tools/fuzz

.PHONY: bench
bench: prerequisites tools build ## Measure the provider as released, and its Helm engine on the charts under CHARTS=; writes docs/performance.md
	@tools/bench

.PHONY: lint
lint: ## Check formats, lints and licences
	@tools/lint

.PHONY: docs
docs: ## Write the reference pages and the committed schema again
	cargo build -q --workspace --example docs
	target/debug/examples/docs

.PHONY: permissions
permissions: tools install ## Find out anew what plans and applies need to be allowed, for the reference pages; RESOURCE= chooses
	tools/run target/debug/travel-conformance --write-permissions $(if $(RESOURCE),--resource $(RESOURCE))
	@$(MAKE) --no-print-directory docs

.PHONY: proto
proto: ## Generate the Rust of the plugin protocol again
	cargo run -p travel-proto --example generate

.PHONY: clean
clean: demo-down ## Take the demo away, and remove what was built and installed
	cargo clean
	rm -rf .tools
