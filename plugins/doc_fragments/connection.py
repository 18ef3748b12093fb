# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Documentation of the connection options, which all modules share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  region:
    description:
      - Name of the region, such as V(ap-southeast-1) or V(eu-de).
      - If not set, the environment variables E(HW_REGION_NAME) and E(OS_REGION_NAME) are used.
      - Required unless O(endpoint), O(iam_endpoint) and O(project_id) are all given.
    type: str
  cloud:
    description:
      - Domain of the cloud, such as V(myhuaweicloud.com) or V(otc.t-systems.com).
      - If not set, the environment variable E(HW_CLOUD) is used, then the domain that the region is known to belong to,
        then V(myhuaweicloud.com).
    type: str
  endpoint:
    description:
      - Base URL of CCE, instead of the one built from O(region) and O(cloud).
      - If not set, the environment variables E(HUAWEICLOUD_CCE_ENDPOINT) and C(HUAWEICLOUD_SDK_REGION_CCE_<REGION>) are
        used.
      - C(http://) is accepted for loopback addresses only.
    type: str
  iam_endpoint:
    description:
      - Base URL of IAM, instead of the one built from O(region) and O(cloud). A C(/v3) at its end is dropped.
      - If not set, the environment variables E(HUAWEICLOUD_SDK_IAM_ENDPOINT), E(HW_AUTH_URL) and E(OS_AUTH_URL), then
        C(iam_endpoint) of the profile are used.
    type: str
  cluster_endpoint_style:
    description:
      - Form of the URL of add-ons and add-on templates.
      - V(plain) is right for Huawei Cloud. V(subdomain) puts the cluster's ID in front of the host, as Open Telekom
        Cloud documents it.
      - If not set, the environment variable E(HUAWEICLOUD_CCE_CLUSTER_ENDPOINT_STYLE) is used, then V(plain).
    type: str
    choices: [plain, subdomain]
  autopilot:
    description:
      - Whether the cluster is an Autopilot (serverless) one, which has paths of its own.
      - CCE has no add-on checks for Autopilot clusters, so whatever needs a check fails for them.
      - If not set, the environment variable E(HUAWEICLOUD_CCE_AUTOPILOT) is used, then V(false).
    type: bool
  project_id:
    description:
      - ID of the project.
      - If not set, the environment variables E(HUAWEICLOUD_SDK_PROJECT_ID), E(HW_PROJECT_ID) and E(OS_PROJECT_ID), then
        C(project_id) of the profile are used. If none is set, it is looked up by O(project_name).
      - O(project_name), if given as an option, takes precedence over an ID from the environment or from the profile.
    type: str
  project_name:
    description:
      - Name of the project. The default is the name of the region, which is the name of its default project.
      - If not set, the environment variables E(HW_PROJECT_NAME) and E(OS_PROJECT_NAME) are used.
    type: str
  access_key:
    description:
      - Access key (AK).
      - If not set, the environment variables E(HUAWEICLOUD_SDK_AK), E(HW_ACCESS_KEY) and E(OS_ACCESS_KEY), then C(ak)
        of the profile are used.
    type: str
  secret_key:
    description:
      - Secret key (SK) that belongs to O(access_key).
      - If not set, the environment variables E(HUAWEICLOUD_SDK_SK), E(HW_SECRET_KEY) and E(OS_SECRET_KEY), then C(sk)
        of the profile are used.
    type: str
  security_token:
    description:
      - Security token that belongs to a temporary O(access_key). A token from a different source than the access key is
        ignored.
      - If not set, the environment variables E(HUAWEICLOUD_SDK_SECURITY_TOKEN) and E(HW_SECURITY_TOKEN), then
        C(security_token) of the profile are used.
    type: str
  auth_token:
    description:
      - IAM token. It is not renewed.
      - If not set, the environment variables E(HW_AUTH_TOKEN) and E(OS_AUTH_TOKEN) are used.
    type: str
  username:
    description:
      - IAM user to log in as.
      - If not set, the environment variables E(HW_USER_NAME) and E(OS_USERNAME) are used.
    type: str
  password:
    description:
      - Password of O(username).
      - If not set, the environment variables E(HW_USER_PASSWORD) and E(OS_PASSWORD) are used.
    type: str
  domain_name:
    description:
      - Account (domain) that O(username) belongs to.
      - If not set, the environment variables E(HW_DOMAIN_NAME) and E(OS_DOMAIN_NAME) are used.
    type: str
  user_id:
    description:
      - ID of O(username), needed with O(passcode).
      - If not set, the environment variables E(HW_USER_ID) and E(OS_USER_ID) are used.
    type: str
  passcode:
    description:
      - Passcode (TOTP) of a user who must log in with a second factor. It can be used only once, so the login is not
        renewed.
      - If not set, the environment variables E(HW_PASSCODE) and E(OS_PASSCODE) are used.
    type: str
  profile:
    description:
      - Section of the profile file C(~/.huaweicloud/credentials), or of the file that
        E(HUAWEICLOUD_SDK_CREDENTIALS_FILE) names.
      - If not set, the environment variable E(HUAWEICLOUD_CCE_PROFILE) is used, then V(basic), if there is one.
      - The keys of a profile that you name take precedence over those in the environment.
    type: str
  use_metadata:
    description:
      - Whether to get temporary keys from the metadata service of the ECS instance that this runs on, if no other
        credentials are found. The instance needs an agency.
    type: bool
    default: false
  validate_certs:
    description:
      - Whether to verify the certificates of the endpoints.
    type: bool
    default: true
  ca_path:
    description:
      - File or directory with the certificates of the authorities to trust instead of the system's.
      - If not set, the environment variables E(HUAWEICLOUD_CCE_CA_PATH) and E(OS_CACERT) are used.
    type: path
  timeout:
    description:
      - Seconds that each step of a request may take, such as a connection or the next part of an answer. Including all
        steps, retries and a login, a request takes at most O(timeout) times the number of attempts, which is O(retries)
        plus one.
    type: float
    default: 30.0
  retries:
    description:
      - How many times a request is repeated at most if the service is throttling, busy or unreachable. A request that
        changes something is repeated only if it was certainly not carried out. Before a change of an add-on is sent
        again, the add-on is read again, and the change is decided on its new state.
    type: int
    default: 4
notes:
  - An option that is neither set nor in C(module_defaults) is taken from the variables of the host, which the inventory
    P(huaweicloud.cce.cce_clusters#inventory) sets. They are C(cce_region), C(cce_project_id), C(cce_endpoint),
    C(cce_iam_endpoint), C(cce_cluster_endpoint_style), C(cce_ca_path), C(cce_profile) and C(cce_autopilot), and take
    precedence over the environment.
  - The order of precedence for credentials is module options, a profile that is named, the environment, the default
    profile, and, only with O(use_metadata), the metadata service of ECS.
  - This collection is not affiliated with Huawei. It works with any cloud that provides this API.
requirements:
  - Python 3.9 or newer on the host that runs the module
  - requests 2.25 or newer
"""

    QUERY = r"""
options:
  query:
    description:
      - JMESPath expression that is applied to the result. What it selects is returned as RV(query_result).
      - See U(https://jmespath.org/) for the language.
    type: str
requirements:
  - jmespath (for O(query))
"""

    WAITING = r"""
options:
  wait_interval:
    description:
      - Seconds between two requests while waiting. If not set, the pause starts at 1 and grows to 10 the longer it
        takes.
    type: float
"""
