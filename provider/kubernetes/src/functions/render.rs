//! `provider::travel::render`: what a chart on this machine renders to.

use std::path::Path as FilePath;

use travel_framework::Diagnostic;
use travel_framework::data::Function;
use travel_framework::schema::{FunctionSignature, Parameter};
use travel_framework::server::FunctionError;
use travel_helm::TreeMap;
use travel_helm::chart::Chart;
use travel_value::{Path, Type, Value};

use crate::release::planning;
use crate::release::template::{Told, template};
use crate::release::values::tree_of;

/// Where the arguments stand.
const NAME: i64 = 0;
const CHART: i64 = 2;
const VALUES: i64 = 3;

/// Renders a chart.
#[derive(Clone, Copy, Debug)]
pub struct Render;

impl Function for Render {
    fn signature(&self) -> FunctionSignature {
        FunctionSignature {
            name: "render".to_owned(),
            summary: "Renders a chart on this machine.".to_owned(),
            description: "Gives what `helm template NAME CHART --namespace NAMESPACE \
                          --include-crds` prints: for small charts and for tests of them. A \
                          function gives the same each time, so a chart that makes something up \
                          (random values, certificates, the time) or looks into a cluster is \
                          refused: that is for `travel_helm_release`. Charts that come from \
                          elsewhere, and what they are told of a cluster, are for the data source \
                          `travel_helm_template`."
                .to_owned(),
            parameters: vec![
                Parameter::new(
                    "name",
                    "The name of the release that templates are told.",
                    Type::String,
                ),
                Parameter::new("namespace", "The namespace that they are told.", Type::String),
                Parameter::new(
                    "chart",
                    "The path of the chart's folder or archive, such as \
                     `\"${path.module}/charts/cart\"`.",
                    Type::String,
                ),
                Parameter::new(
                    "values",
                    "Values for the chart, as an object of any shape; `{}` for none.",
                    Type::Dynamic,
                ),
            ],
            variadic: None,
            result: Type::String,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let [name, namespace, chart, values] = arguments else {
            return Err(FunctionError::arity(4));
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, namespace) = (text(name), text(namespace));
        planning::check_name(&name, &Path::attribute("name")).map_err(|error| blame(&error))?;
        let values = map(values)?;
        let loaded = Chart::load(FilePath::new(&text(chart))).map_err(|error| {
            FunctionError::at(CHART, format!("{}.", travel_kube::error::chain(&error)))
        })?;
        let told = Told { name, namespace, ..Told::default() };
        let outcome = template(&loaded.chart, &values, &told).map_err(|error| blame(&error))?;
        if !outcome.uncertain.is_empty() {
            let templates: Vec<&str> = outcome.uncertain.iter().map(String::as_str).collect();
            return Err(FunctionError::at(
                CHART,
                format!(
                    "it renders otherwise each time: {}. Set the values that are made up, or use \
                     travel_helm_release.",
                    templates.join(", ")
                ),
            ));
        }
        Ok(outcome.rendering.template_output(true).into())
    }
}

/// The values of a chart.
fn map(values: &Value) -> Result<TreeMap, FunctionError> {
    match tree_of(values) {
        travel_helm::Tree::Map(values) => Ok(values),
        _ => Err(FunctionError::at(VALUES, "values must be an object, as in { replicas = 2 }")),
    }
}

/// The error at the argument that it is about.
fn blame(error: &Diagnostic) -> FunctionError {
    let at = error.path.as_ref().map(Path::to_string);
    let argument = match at.as_deref() {
        Some("name") => NAME,
        Some("values") => VALUES,
        _ => CHART,
    };
    FunctionError::at(argument, format!("{}: {}", error.summary, error.detail))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A folder with a chart of one template.
    fn chart(template: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("Chart.yaml", "{apiVersion: v2, name: cart, version: 1.0.0}").unwrap();
        write("values.yaml", "greeting: hello").unwrap();
        std::fs::create_dir(folder.path().join("templates")).unwrap();
        write("templates/a.yaml", template).unwrap();
        folder
    }

    fn call(name: &str, chart: &FilePath, values: Value) -> Result<Value, FunctionError> {
        Render.call(&[name.into(), "shop".into(), chart.display().to_string().into(), values])
    }

    const GREETING: &str = "\
kind: ConfigMap
apiVersion: v1
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data: {greeting: {{ .Values.greeting | required \"who is there?\" }}}
";

    fn greeting(greeting: impl Into<Value>) -> Value {
        Value::object([("greeting", greeting.into())])
    }

    #[test]
    fn renders_as_helm_does() {
        let folder = chart(GREETING);
        for (values, said) in [(greeting("hi"), "hi"), (Value::Object(BTreeMap::new()), "hello")] {
            let expected = format!(
                "---\n# Source: cart/templates/a.yaml\nkind: ConfigMap\napiVersion: v1\nmetadata: \
                 {{name: web, namespace: shop}}\ndata: {{greeting: {said}}}\n"
            );
            assert_eq!(call("web", folder.path(), values).unwrap().as_str(), Some(&*expected));
        }
    }

    #[test]
    fn blames_the_argument_at_fault() {
        let good = chart(GREETING);
        let random = chart(
            "kind: Secret\napiVersion: v1\nmetadata: {name: a}\ndata: {token: {{ randAlphaNum 9 | b64enc }}}",
        );
        let broken = chart("{{ if }}");
        let nowhere = good.path().join("nowhere");
        for (result, argument, said) in [
            (call("Web", good.path(), greeting("a")), NAME, "invalid name"),
            (call("web", &nowhere, greeting("a")), CHART, "nowhere"),
            (call("web", random.path(), greeting("a")), CHART, "cart/templates/a.yaml"),
            (call("web", broken.path(), greeting("a")), VALUES, "missing value for if"),
            (call("web", good.path(), greeting(Value::Null)), VALUES, "who is there?"),
            (call("web", good.path(), "text".into()), VALUES, "an object"),
        ] {
            let error = result.unwrap_err();
            assert_eq!(error.argument, Some(argument), "{}", error.text);
            assert!(error.text.contains(said), "{}", error.text);
        }
    }
}
