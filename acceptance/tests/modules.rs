//! The modules' own tests, with terraform and with OpenTofu: what each makes of its inputs.

use travel_acceptance::live::copy_folder;
use travel_acceptance::sandbox::{repository, tools_folder};
use travel_acceptance::terraform::{Core, Workspace};

/// OpenTofu 1.12 makes no mock of a block in which an attribute may have any type.
const NOT_FOR_OPENTOFU: [&str; 1] = ["baseline"];

#[tokio::test(flavor = "multi_thread")]
async fn modules_pass_their_tests() {
    if !tools_folder().join("terraform.rc").exists() {
        eprintln!("left out: the provider is not installed: run `make install`");
        return;
    }
    let cores = Core::installed();
    assert!(!cores.is_empty(), "neither terraform nor OpenTofu is installed: run `make tools`");
    let mut modules: Vec<_> = std::fs::read_dir(repository().join("modules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    modules.sort();
    assert!(modules.len() > 5, "{modules:?}");
    for module in modules {
        let name = module.file_name().unwrap().to_string_lossy();
        for core in &cores {
            if *core == Core::OpenTofu && NOT_FOR_OPENTOFU.contains(&name.as_ref()) {
                continue;
            }
            // Initialising writes into the folder.
            let folder = tempfile::tempdir().unwrap();
            copy_folder(&module, folder.path()).unwrap();
            let workspace = Workspace::at(*core, folder.path(), []).unwrap();
            workspace.init().await.unwrap();
            let said = workspace.run(&["test", "-no-color"]).await.unwrap();
            assert!(said.contains("Success!"), "{name}: {said}");
            assert!(!said.contains("Success! 0 passed"), "{name} tests nothing");
        }
    }
}
