//! What the caller may do, as the cluster itself sees it. Asking changes nothing.

use http::Method;
use serde_json::json;

use crate::cluster::{Call, Cluster};
use crate::error::Error;

const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

impl Cluster {
    /// Whether the caller may do something to a resource of a group in all namespaces, such as
    /// `create` to the `deployments` of `apps`. `*` stands for all.
    ///
    /// # Errors
    /// As [`Cluster::send`].
    pub async fn may(&self, verb: &str, group: &str, resource: &str) -> Result<bool, Error> {
        let attributes = json!({"verb": verb, "group": group, "resource": resource});
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        });
        let action = format!("ask whether {resource} may be changed ({verb})");
        let call = Call::new(action, Method::POST, PATH).with_body("application/json", &review);
        Ok(self.json(&call).await?["status"]["allowed"] == true)
    }
}
