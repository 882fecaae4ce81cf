use super::*;

const MODEL: &str = r#"{
  "operations": {
    "CopyObject": {"http": {"method": "PUT", "requestUri": "/{Bucket}/{Key+}"}, "input": {"shape": "Copy"}},
    "DescribeCluster": {"http": {"method": "GET", "requestUri": "/clusters/{name}"}},
    "GetBucketLifecycle": {"http": {"method": "GET", "requestUri": "/{Bucket}?lifecycle"}, "deprecated": true},
    "GetBucketLifecycleConfiguration": {"http": {"method": "GET", "requestUri": "/{Bucket}?lifecycle"}},
    "GetObject": {"http": {"method": "GET", "requestUri": "/{Bucket}/{Key+}"}},
    "ListBuckets": {"http": {"method": "GET", "requestUri": "/"}},
    "ListDirectoryBuckets": {"http": {"method": "GET", "requestUri": "/"}},
    "ListObjects": {"http": {"method": "GET", "requestUri": "/{Bucket}"}},
    "ListObjectsV2": {"http": {"method": "GET", "requestUri": "/{Bucket}?list-type=2"}},
    "PutObject": {"http": {"method": "PUT", "requestUri": "/{Bucket}/{Key+}"}},
    "UploadPart": {"http": {"method": "PUT", "requestUri": "/{Bucket}/{Key+}"}, "input": {"shape": "Part"}}
  },
  "shapes": {
    "Copy": {"required": ["Bucket", "Source"], "members": {
      "Bucket": {"location": "uri", "locationName": "Bucket"},
      "Source": {"location": "header", "locationName": "x-amz-copy-source"}}},
    "Part": {"required": ["Upload"], "members": {"Upload": {"location": "querystring", "locationName": "uploadId"}}}
  }
}"#;

fn check(method: Method, uri: &str, header: Option<&'static str>, expected: &str) {
    let mut headers = HeaderMap::new();
    if let Some(name) = header {
        headers.insert(name, "x".parse().unwrap());
    }
    let found = find(&parse(MODEL).unwrap(), &method, &uri.parse().unwrap(), &headers);
    let written = found.map_or("none".to_owned(), |found| {
        let labels: Vec<String> =
            found.labels.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        format!("{}{}", found.operation, labels.join(""))
    });
    assert_eq!(written, expected, "{method} {uri}");
}

#[test]
fn finds_the_most_particular_operation() {
    check(Method::GET, "/", None, "ListBuckets");
    check(Method::GET, "/?x-id=ListDirectoryBuckets", None, "ListDirectoryBuckets");
    check(Method::GET, "/b", None, "ListObjects Bucket=b");
    check(Method::GET, "/b/?list-type=2&prefix=x", None, "ListObjectsV2 Bucket=b");
    check(Method::GET, "/b?lifecycle", None, "GetBucketLifecycleConfiguration Bucket=b");
    check(Method::GET, "/b/dir/a%20b", None, "GetObject Bucket=b Key=dir/a b");
    check(Method::PUT, "/b/k", None, "PutObject Bucket=b Key=k");
    check(Method::PUT, "/b/k", Some("x-amz-copy-source"), "CopyObject Bucket=b Key=k");
    check(Method::PUT, "/b/k?uploadId=u&partNumber=1", None, "UploadPart Bucket=b Key=k");
    check(Method::GET, "/clusters/dev", None, "DescribeCluster name=dev");
    check(Method::DELETE, "/b/k", None, "none");
}
