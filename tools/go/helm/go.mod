// Pins Helm, against which tests compare our releases. It is built in its own module's folder.
module travel/tools/helm

go 1.26

require helm.sh/helm/v4 v4.2.4
