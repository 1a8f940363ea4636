//! `stacklint inspect`, from outside.

use std::process::{Command, Output};

fn inspect(files: &[&str]) -> Output {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    Command::new(env!("CARGO_BIN_EXE_stacklint")).arg("inspect").args(files).current_dir(folder).output().unwrap()
}

fn objects(output: &Output) -> Vec<serde_json::Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn files_come_one_a_line_in_the_order_of_the_arguments() {
    let files = ["dockerfiles/stages.Dockerfile", "broken/dockerfiles/unknown.Dockerfile", "dockerfiles/heredocs.Dockerfile"];
    let output = inspect(&files);
    assert_eq!(output.status.code(), Some(0));
    let objects = objects(&output);
    let paths: Vec<_> = objects.iter().map(|o| o["path"].as_str().unwrap()).collect();
    assert_eq!(paths, files);
    assert_eq!(objects.iter().map(|o| o["ok"].as_bool().unwrap()).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(objects[1]["error"]["line"], 2);
    let from = &objects[0]["instructions"][1];
    assert_eq!((&from["keyword"], &from["expanded"][0]), (&"FROM".into(), &"alpine".into()));
    assert_eq!(objects[0]["instructions"][5]["expanded"][0], "/opt/alpine");
    assert_eq!(objects[0]["stages"][1]["name"], "second");
    let copy = &objects[2]["instructions"][4];
    assert_eq!(copy["heredocs"][1]["content"], "\tindented\n");
    assert_eq!(copy["flags"][0], "--chown=1:1");
    assert!(copy["expand_error"].is_null());
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_the_others_are_printed() {
    let output = inspect(&["dockerfiles", "none.Dockerfile", "dockerfiles/plain.Dockerfile"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(objects(&output).len(), 1);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("dockerfiles: is a folder") && told.contains("none.Dockerfile: no such file"), "{told}");
}
