## Ledger
ledger = 账本
ledger-signed-for = 已签名
ledger-bytes = 日志大小
ledger-free = 磁盘可用空间

## Verification
ledger-verification = 验证
ledger-verification-none = 账本尚未验证。网关很快会自动验证，您也可以立即验证。
ledger-verify-now = 立即验证
ledger-under-way = 正在验证
ledger-progress = 已验证 { $done } / { $of } 条；网关照常工作
ledger-verified-last = 上次验证
ledger-outcome = 结果
ledger-outcome-whole = 完整
ledger-outcome-damaged = 与写入时不符
ledger-outcome-undone = 无法完成
ledger-first-damaged = 首个损坏条目
ledger-entries-verified = 已验证条目
ledger-extent = 范围
ledger-extent-chain = 链、树和检查点
ledger-extent-state = 并验证合约的每个状态
ledger-extent-replay = 并重新验证每个签名和决定
ledger-took = 用时
ledger-seconds = { $seconds } 秒
ledger-asked-by = 发起者
ledger-by-itself = 网关自身
ledger-damaged = 账本与写入时不符。
ledger-damaged-do = 请保持磁盘原状，保存全部内容的副本，并查明谁有过访问权限，然后再从备份恢复。在同等范围的验证确认完整之前，此提示将一直显示。

## Checkpoint
ledger-checkpoint = 最新检查点
ledger-checkpoint-what = 对账本当时状态的签名声明。另存他处后，可在日后证明条目是否被撤回或篡改。
ledger-checkpoint-none = 启动后尚未签名。一秒内会生成检查点。
ledger-checkpoint-download = 下载检查点

## Witnesses and receivers
ledger-witnesses = 见证方
ledger-witnesses-none = 没有人会签此账本的检查点。请连接另一家医院的网关或配置见证方，这样就无人能在此暗中改写账本。
ledger-witness = 见证方
ledger-cosigned = 最近会签
ledger-never = 从未
ledger-witnessed = 我们见证的账本
ledger-origin = 账本
ledger-unreadable = 无法读取
ledger-proofs =
    { $count ->
       *[other] 自相矛盾：{ $count } 个证据
    }
ledger-no-proofs = 一致
ledger-receivers = 审计接收方
ledger-receivers-none = 未配置审计接收方（[[audit_receiver]]）：除本控制台外无人得知所发生的事。
ledger-receiver = 接收方
ledger-behind = 落后条目

## Keys and backups
ledger-keys = 公钥
ledger-keys-what = 要验证此账本内容的人需要其公钥，并应通过双方信任的途径获得。公钥不是秘密。
ledger-key-log = 检查点
ledger-key-statement = 声明和事件
ledger-key-witness = 作为见证方
ledger-key-download = 下载账本公钥
ledger-backups = 备份
ledger-backups-what = 网关运行时即可备份。请将密钥文件夹另存他处，并用其他方式保管；每次删除后请重新备份。另存的检查点和公钥可证明备份完整。
