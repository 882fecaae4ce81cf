//! Accounts are made by Organizations, entered through STS, and kept apart.

use http::Method;
use serde_json::json;
use travel_acceptance::sandbox::client::Client;
use travel_acceptance::sandbox::settings::Settings;

use super::{account, ask_for_account, create_account, own, run, shared};

#[test]
fn what_one_account_makes_no_other_sees() {
    run(async {
        let sandbox = shared().await;
        let dev = account(sandbox, "apart-dev").await;
        let seen = async |client: &Client| {
            let keys = client.json("kms", "ListKeys", &json!({})).await.unwrap();
            let networks = [("Filter.1.Name", "cidr"), ("Filter.1.Value.1", "10.77.0.0/16")];
            let networks = client.query("ec2", "DescribeVpcs", &networks).await.unwrap();
            let buckets = client.rest("s3", Method::GET, "/", "").await.unwrap();
            let named = json!({"logGroupNamePrefix": "/apart"});
            let logs = client.json("logs", "DescribeLogGroups", &named).await.unwrap();
            let roles = client.query("iam", "ListRoles", &[]).await.unwrap();
            let mut roles = roles.items("ListRolesResult/Roles").iter();
            [
                keys["Keys"].as_array().unwrap().len(),
                networks.items("vpcSet").len(),
                usize::from(String::from_utf8_lossy(&buckets.body).contains("apart-bucket")),
                logs["logGroups"].as_array().unwrap().len(),
                usize::from(roles.any(|role| role.text_at("RoleName") == "apart")),
            ]
        };
        dev.json("kms", "CreateKey", &json!({})).await.unwrap();
        dev.query("ec2", "CreateVpc", &[("CidrBlock", "10.77.0.0/16")]).await.unwrap();
        let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
        dev.rest("s3", Method::PUT, "/apart-bucket", place).await.unwrap();
        dev.json("logs", "CreateLogGroup", &json!({"logGroupName": "/apart"})).await.unwrap();
        let trust = json!({"Version": "2012-10-17", "Statement": []}).to_string();
        let role = [("RoleName", "apart"), ("AssumeRolePolicyDocument", trust.as_str())];
        dev.query("iam", "CreateRole", &role).await.unwrap();
        assert_eq!(seen(&dev).await, [1, 1, 1, 1, 1]);
        let other = account(sandbox, "apart-other").await;
        assert_eq!(seen(&other).await, [0, 0, 0, 0, 0]);
        assert_eq!(seen(&dev.in_region("eu-west-1")).await, [0, 0, 1, 0, 1]);
    });
}

#[test]
fn roles_are_assumed_where_account_role_and_trust_allow_it() {
    run(async {
        let sandbox = shared().await;
        let id = create_account(sandbox, "trust", "trust@example.com").await.unwrap();
        let management = sandbox.client();
        let arn = |account: &str, role: &str| format!("arn:aws:iam::{account}:role/{role}");
        let own_role = arn(&id, "OrganizationAccountAccessRole");
        let inside = management.assume_role(&own_role).await.unwrap();
        let who = inside.query("sts", "GetCallerIdentity", &[]).await.unwrap();
        let expected =
            format!("arn:aws:sts::{id}:assumed-role/OrganizationAccountAccessRole/acceptance");
        assert_eq!(who.text_at("GetCallerIdentityResult/Arn"), expected);
        assert_eq!(who.text_at("GetCallerIdentityResult/Account"), id);

        for refused in [arn("999999999999", "OrganizationAccountAccessRole"), arn(&id, "none")] {
            let error = management.assume_role(&refused).await.unwrap_err();
            assert_eq!((error.status, error.code.as_str()), (403, "AccessDenied"), "{refused}");
        }

        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Condition": {"StringEquals": {"sts:ExternalId": "agreed"}},
        }]});
        let trust = trust.to_string();
        let role = [
            ("RoleName", "deploy"),
            ("Path", "/ci/"),
            ("AssumeRolePolicyDocument", trust.as_str()),
        ];
        inside.query("iam", "CreateRole", &role).await.unwrap();
        let deploy = arn(&id, "ci/deploy");
        assert_eq!(management.assume_role(&deploy).await.unwrap_err().code, "AccessDenied");
        let agreed =
            [("RoleArn", deploy.as_str()), ("RoleSessionName", "run"), ("ExternalId", "agreed")];
        let answer = management.query("sts", "AssumeRole", &agreed).await.unwrap();
        let user = answer.text_at("AssumeRoleResult/AssumedRoleUser/Arn");
        assert_eq!(user, format!("arn:aws:sts::{id}:assumed-role/deploy/run"));
        let long = [
            ("RoleArn", own_role.as_str()),
            ("RoleSessionName", "run"),
            ("DurationSeconds", "7200"),
        ];
        let error = management.query("sts", "AssumeRole", &long).await.unwrap_err();
        assert_eq!(error.code, "ValidationError");
    });
}

#[test]
fn accounts_are_made_in_the_background_and_fail_with_a_reason() {
    run(async {
        let settings = Settings {
            account_failures: vec!["ACCOUNT_LIMIT_EXCEEDED".to_owned()],
            account_creation_milliseconds: 10,
            ..Settings::default()
        };
        let sandbox = own(settings).await;
        let wished = create_account(&sandbox, "one", "one@example.com").await;
        assert_eq!(wished, Err("ACCOUNT_LIMIT_EXCEEDED".to_owned()));
        let id = create_account(&sandbox, "one", "one@example.com").await.unwrap();
        let again = create_account(&sandbox, "two", "One@example.com").await;
        assert_eq!(again, Err("EMAIL_ALREADY_EXISTS".to_owned()));

        let client = sandbox.client();
        let input = json!({"States": ["FAILED"]});
        let failed = client.json("organizations", "ListCreateAccountStatus", &input).await.unwrap();
        assert_eq!(failed["CreateAccountStatuses"].as_array().unwrap().len(), 2);
        let input = json!({"AccountName": "x", "Email": "nobody"});
        let error = client.json("organizations", "CreateAccount", &input).await.unwrap_err();
        assert_eq!(error.code, "InvalidInputException");

        let member = sandbox.client_in(&id).await.unwrap();
        let error = member.json("organizations", "ListAccounts", &json!({})).await.unwrap_err();
        assert_eq!(error.code, "AccessDeniedException");
        member.json("organizations", "DescribeOrganization", &json!({})).await.unwrap();
        let input = json!({"AccountId": id});
        client.json("organizations", "CloseAccount", &input).await.unwrap();
        let error = member.query("sts", "GetCallerIdentity", &[]).await.unwrap_err();
        assert_eq!(error.code, "InvalidClientTokenId");
    });
}

#[test]
fn five_accounts_are_made_at_once() {
    run(async {
        let slow = Settings { account_creation_milliseconds: 600_000, ..Settings::default() };
        let sandbox = own(slow).await;
        let client = sandbox.client();
        for number in 1..=5 {
            let name = format!("slow-{number}");
            let input = json!({"AccountName": name, "Email": format!("{name}@example.com")});
            client.json("organizations", "CreateAccount", &input).await.unwrap();
        }
        let quick = Settings { account_creation_milliseconds: 0, ..Settings::default() };
        sandbox.set_settings(&quick).await.unwrap();
        let sixth = ask_for_account(&sandbox, "sixth", "sixth@example.com").await;
        assert_eq!(sixth, Err("CONCURRENT_ACCOUNT_MODIFICATION".to_owned()));
        let input = json!({"States": ["IN_PROGRESS"]});
        let slow = client.json("organizations", "ListCreateAccountStatus", &input).await.unwrap();
        assert_eq!(slow["CreateAccountStatuses"].as_array().unwrap().len(), 5);
    });
}

#[test]
fn organizational_units_have_one_name_and_go_empty() {
    run(async {
        let sandbox = shared().await;
        let client = sandbox.client();
        let ask =
            async |operation: &str, input| client.json("organizations", operation, &input).await;
        let roots = ask("ListRoots", json!({})).await.unwrap();
        let root = &roots["Roots"][0]["Id"];
        let unit = json!({"ParentId": root, "Name": "workloads"});
        let made = ask("CreateOrganizationalUnit", unit.clone()).await.unwrap();
        let made = &made["OrganizationalUnit"]["Id"];
        let error = ask("CreateOrganizationalUnit", unit).await.unwrap_err();
        assert_eq!(error.code, "DuplicateOrganizationalUnitException");
        let id = create_account(sandbox, "moved", "moved@example.com").await.unwrap();
        let moved =
            |from, to| json!({"AccountId": id, "SourceParentId": from, "DestinationParentId": to});
        let error = ask("MoveAccount", moved(made, root)).await.unwrap_err();
        assert_eq!(error.code, "SourceParentNotFoundException");
        ask("MoveAccount", moved(root, made)).await.unwrap();
        let error = ask("MoveAccount", moved(made, made)).await.unwrap_err();
        assert_eq!(error.code, "DuplicateAccountException");
        let error = ask("DeleteOrganizationalUnit", json!({"OrganizationalUnitId": made})).await;
        assert_eq!(error.unwrap_err().code, "OrganizationalUnitNotEmptyException");
        ask("MoveAccount", moved(made, root)).await.unwrap();
        ask("DeleteOrganizationalUnit", json!({"OrganizationalUnitId": made})).await.unwrap();
    });
}

#[test]
fn keys_that_iam_makes_sign() {
    run(async {
        let sandbox = shared().await;
        let dev = account(sandbox, "keys").await;
        dev.query("iam", "CreateUser", &[("UserName", "robot")]).await.unwrap();
        let made = dev.query("iam", "CreateAccessKey", &[("UserName", "robot")]).await.unwrap();
        let key = made.at("CreateAccessKeyResult/AccessKey").unwrap();
        let credentials = travel_acceptance::sandbox::accounts::Credentials {
            access_key_id: key.text_at("AccessKeyId").to_owned(),
            secret_access_key: key.text_at("SecretAccessKey").to_owned(),
            session_token: None,
            expiration: None,
        };
        let robot = Client::new(sandbox.endpoint(), credentials, "eu-central-1");
        let who = robot.query("sts", "GetCallerIdentity", &[]).await.unwrap();
        assert!(who.text_at("GetCallerIdentityResult/Arn").ends_with(":user/robot"));
        assert!(who.text_at("GetCallerIdentityResult/UserId").starts_with("AIDA"));
        let id = key.text_at("AccessKeyId");
        let off = [("UserName", "robot"), ("AccessKeyId", id), ("Status", "Inactive")];
        dev.query("iam", "UpdateAccessKey", &off).await.unwrap();
        let error = robot.query("sts", "GetCallerIdentity", &[]).await.unwrap_err();
        assert_eq!(error.code, "InvalidClientTokenId");
    });
}

#[test]
fn a_reset_forgets_everything() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let id = create_account(&sandbox, "gone", "gone@example.com").await.unwrap();
        let client = sandbox.client();
        client.json("kms", "CreateKey", &json!({})).await.unwrap();
        sandbox.reset().await.unwrap();
        let keys = client.json("kms", "ListKeys", &json!({})).await.unwrap();
        assert_eq!(keys["Keys"], json!([]));
        assert!(sandbox.credentials(&id).await.is_err());
        let error = client.json("organizations", "DescribeOrganization", &json!({})).await;
        assert_eq!(error.unwrap_err().code, "AWSOrganizationsNotInUseException");
    });
}
