//! Answers that can say what went wrong.

use travel_framework::Diagnostics;
use travel_proto::tfplugin6 as wire;

use super::diagnostic::diagnostics;

/// An answer with a place for errors and warnings.
pub trait Answer: Default {
    /// Adds errors and warnings.
    fn tell(&mut self, diagnostics: Diagnostics);

    /// The errors and warnings it tells.
    fn told(&self) -> Vec<Told<'_>>;

    /// An answer that holds nothing but these.
    fn refusal(diagnostics: impl Into<Diagnostics>) -> Self {
        let mut answer = Self::default();
        answer.tell(diagnostics.into());
        answer
    }
}

/// An error or warning of an answer, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<'a> {
    /// Whether it is an error.
    pub is_error: bool,
    /// What it is.
    pub summary: &'a str,
    /// What there is to say of it.
    pub detail: &'a str,
}

impl<'a> Told<'a> {
    fn of(diagnostic: &'a wire::Diagnostic) -> Self {
        let is_error = diagnostic.severity() != wire::diagnostic::Severity::Warning;
        Self { is_error, summary: &diagnostic.summary, detail: &diagnostic.detail }
    }

    const fn error(summary: &'a str) -> Self {
        Self { is_error: true, summary, detail: "" }
    }

    fn write(self) {
        let Self { is_error, summary, detail } = self;
        if is_error {
            tracing::error!(detail, "{summary}");
        } else {
            tracing::warn!(detail, "{summary}");
        }
    }
}

/// Writes an answer's errors and warnings to the log, and gives how many there are.
pub fn log(answer: &impl Answer) -> usize {
    let told = answer.told();
    told.iter().for_each(|it| it.write());
    told.len()
}

macro_rules! answers_with_diagnostics {
    ($($message:ident),* $(,)?) => {$(
        impl Answer for wire::$message::Response {
            fn tell(&mut self, told: Diagnostics) {
                self.diagnostics.extend(diagnostics(told));
            }

            fn told(&self) -> Vec<Told<'_>> {
                self.diagnostics.iter().map(Told::of).collect()
            }
        }
    )*};
}

answers_with_diagnostics!(
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    get_functions,
    validate_provider_config,
    configure_provider,
    validate_resource_config,
    upgrade_resource_state,
    upgrade_resource_identity,
    read_resource,
    plan_resource_change,
    apply_resource_change,
    import_resource_state,
    move_resource_state,
    generate_resource_config,
    validate_ephemeral_resource_config,
    open_ephemeral_resource,
    renew_ephemeral_resource,
    close_ephemeral_resource,
    validate_list_resource_config,
    validate_action_config,
    plan_action,
    validate_data_resource_config,
    read_data_source,
);

/// A function has a single error, whose text is all that is shown.
impl Answer for wire::call_function::Response {
    fn tell(&mut self, told: Diagnostics) {
        let texts: Vec<String> = told.iter().map(ToString::to_string).collect();
        if !texts.is_empty() {
            self.error =
                Some(wire::FunctionError { text: texts.join("\n"), function_argument: None });
        }
    }

    fn told(&self) -> Vec<Told<'_>> {
        self.error.iter().map(|error| Told::error(&error.text)).collect()
    }
}

impl Answer for wire::stop_provider::Response {
    fn tell(&mut self, told: Diagnostics) {
        let texts: Vec<String> = told.iter().map(ToString::to_string).collect();
        self.error = texts.join("\n");
    }

    fn told(&self) -> Vec<Told<'_>> {
        (!self.error.is_empty()).then(|| Told::error(&self.error)).into_iter().collect()
    }
}
