## Accounts
accounts = 用户与设置
accounts-all = 账户
accounts-nobody = 目前还没有人能登录。请添加账户，或重启网关并打开其输出的初始设置链接。
accounts-add = 添加账户
accounts-me = 我的账户
accounts-back = 全部账户

## What an account is
accounts-head-account = 账户
accounts-head-roles = 角色
accounts-head-proof = 登录方式
accounts-head-tokens = 令牌
accounts-enabled = 已启用
accounts-disabled = 已停用
accounts-by-passcode = 密码
accounts-by-provider = 身份提供方

## What a role is for
role-pacs-admin = 运行系统：对端、队列、日志和账户
role-compliance = 检索、导出、答复患者、裁定事件
role-auditor = 只读与核验，不做任何更改
role-patient-desk = 登记同意，打印单个患者的报告
role-rule-approver = 批准他人提出的规则

## What becomes of it
accounts-changes-end-sessions = 更改后，使用此账户登录的人须重新登录。
accounts-set-roles = 设置角色
accounts-set-passcode = 设置密码
accounts-new-passcode = 新密码
accounts-passcode-again = 再次输入
accounts-passcodes-differ = 两次输入的密码不一致。
accounts-passcode-or-provider = 若此人通过身份提供方登录，密码请留空。
accounts-fate = 停用或启用
accounts-disable = 停用
accounts-disable-what = 在重新启用之前，任何人都不能用此账户或其令牌进入。
accounts-enable = 启用
accounts-enable-what = 账户及其令牌重新有效。
accounts-delete = 删除账户
accounts-delete-what = 账户及其令牌将被删除。账本中的记录保留。
accounts-delete-sure = 是的，删除 { $account }
accounts-delete-unsure = 未删除任何内容：请勾选以确认。

## Tokens
accounts-no-tokens = 没有程序以此账户的名义使用 API。
accounts-head-machine = 机器
accounts-head-id = 标识
accounts-head-made = 创建时间
accounts-head-until = 有效期至
accounts-head-change = 更改
accounts-until-revoked = 直至撤销
accounts-token-days = { $days } 天
accounts-token-make = 创建令牌
accounts-token-revoke = 撤销
accounts-token-revoke-which = 撤销令牌 { $token }
accounts-token-once = 这是令牌，仅显示这一次：请复制到程序读取它的地方。
accounts-token-how = 程序在每次请求时出示：

## What was done
accounts-done-added = 账户已创建。
accounts-done-roles = 角色已设置。
accounts-done-passcode = 密码已设置。
accounts-done-disabled = 任何人都不能再用此账户进入。
accounts-done-enabled = 账户重新有效。
accounts-done-revoked = 令牌已失效。
accounts-done-removed = 账户已删除。
accounts-done-own-passcode = 您的密码已更改。您的其他会话均已结束。

## One's own account
accounts-no-session = 密码和会话仅适用于通过浏览器登录的人。
accounts-change-passcode = 更改我的密码
accounts-present-passcode = 当前密码
accounts-present-wrong = 当前密码不正确。
accounts-own-by-provider = 您通过身份提供方登录：请在那里更改密码。
accounts-language = 页面语言
accounts-sessions = 我的会话
accounts-head-begun = 开始
accounts-head-seen = 最近使用
accounts-head-from = 来源
accounts-head-which = 说明
accounts-this-session = 当前会话
accounts-sign-out-everywhere = 退出所有会话

## Settings
accounts-settings = 设置
accounts-version = 版本
accounts-time-zone = 页面时区
accounts-api = API 说明（OpenAPI）
accounts-metrics = 指标（OpenMetrics）
accounts-configuration = 生效的值
accounts-head-key = 配置键
accounts-head-value = 值
accounts-settings-where = 这些值在配置文件中更改，下次启动后生效。docs/configuration.md 有全部说明。
