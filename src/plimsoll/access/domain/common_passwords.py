"""Passwords of twelve characters and more that are tried first, lower case.

Composed by hand: the long survivors of every leaked list (words doubled, keyboard walks, runs of
digits, phrases, names of coins) in the spellings people give them. Repetitions of a short piece are
caught by rule.
"""

from typing import Final

_STEMS: Final = """
    password passw0rd p@ssword p@ssw0rd pa$$word pa$$w0rd welcome letmein changeme administrator
    admin login iloveyou sunshine princess football baseball basketball superman batman starwars
    pokemon monkey dragon master shadow michael jennifer jordan charlie secret summer winter
    spring autumn bitcoin ethereum crypto cryptocurrency dogecoin litecoin solana ripple cardano
    binance coinbase kraken blockchain satoshi nakamoto tothemoon hodl hodler trader trading
    wallet portfolio exchange money millionaire lambo qwerty qwertyuiop asdfgh asdfghjkl zxcvbn
    zxcvbnm testing test default guest user computer internet whatever trustno1 access liverpool
    chelsea arsenal barcelona manchester mercedes ferrari google facebook instagram linkedin
    chocolate butterfly freedom forever beautiful blessed jesus christ family
""".split()  # noqa: SIM905 - a list of words reads as words

_ENDINGS: Final = """
    1 12 123 1234 12345 123456 1234567 12345678 123456789 1234567890 0 00 01 007 11 111 321 4321
    54321 654321 69 99 100 1000 666 777 888 999 2000 2010 2015 2016 2017 2018 2019 2020 2021
    2022 2023 2024 2025 2026 2027 ! !! !!! 1! 12! 123! 1234! 12345! 123456! @1 @12 @123 @1234
    @12345 #1 #123 #1234 .123 _123 -123 abc abc123 2020! 2021! 2022! 2023! 2024! 2025! 2026!
    @2020 @2021 @2022 @2023 @2024 @2025 @2026
""".split()  # noqa: SIM905 - a list of words reads as words

_WHOLE: Final = """
    123456789012 1234567890123 12345678901234 123456789012345 1234567890123456 012345678901
    0123456789012 0123456789abcdef 123456789abc 1234567890ab 1234567890abc 123456123456
    123456654321 1234567887654321 12345678987654321 987654321098 0987654321098 098765432109
    112233445566 11223344556677 123123123123 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc
    1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1q2w3e4r5t6y7u8i9o q1w2e3r4t5y6 q1w2e3r4t5y6u7
    q1w2e3r4t5y6u7i8 qazwsxedcrfv qazwsxedcrfvtgb qwerasdfzxcv qweasdzxc123 qwertyuiop[]
    qwertyuiop12 qwertyuiopasdfgh qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm qwertyqwerty
    qwerty123456 qwerty1234567 asdfghjkl;' asdfghjklqwe asdfghjklzxcvbnm asdfasdfasdf
    zxcvbnm123456 zxcvbnmasdfgh poiuytrewqlkj mnbvcxzlkjhgfdsa azertyuiop12 azertyuiop123
    1234qwerasdf 1234qwerasdfzxcv abcdefghijkl abcdefghijklm abcdefghijklmn abcdefghijklmnop
    abcdefghijklmnopqrstuvwxyz abc123abc123 abcd1234abcd abcd12345678 abcdef123456
    abcdefg1234567 a1b2c3d4e5f6 a1b2c3d4e5f6g7 aa1234567890 aaa123456789 adminadmin12
    adminadmin123 administrator administrator1 adminpassword passwordpassword password1password
    mypassword12 mypassword123 newpassword1 newpassword123 yourpassword thisismypassword
    password1234567 onetwothreefour onetwothree123 letmeinplease letmeinletmein pleaseletmein
    opensesame123 openthedoor1 trustnobody1 trustnoone123 iloveyouforever iloveyousomuch
    iloveyou1234 iloveyoubaby iloveyou2000 ilovemymom ilovemymother ilovemyfamily ilovejesus123
    jesusislord1 jesuschrist1 jesuslovesme ihateyou1234 fuckyou12345 fuckyoufuckyou whatthefuck1
    motherfucker motherfucker1 nevergiveup1 nevergonnagiveyouup livelaughlove maythe4thbewithyou
    maytheforcebewithyou starwars1977 harrypotter1 harrypotter123 gameofthrones lordoftherings
    spiderman123 superman1234 manchesterunited realmadrid123 fcbarcelona1 steelersfan1
    dallascowboys redsoxnation newyorkyankees losangeles123 unitedstates sanfrancisco
    philadelphia washingtondc1 metallica123 slipknot1234 blink182blink linkinpark123
    christopher1 christopher123 alexander123 elizabeth123 stephanie123 changeme1234 changemenow1
    changeit1234 defaultpassword temporary123 temppassword temppass1234 testpassword
    testpassword1 testtesttest test1234test test12345678 hellohello12 helloworld12 helloworld123
    hello1234567 goodmorning1 goodpassword mypasswordis secretsecret topsecret123 secretpassword
    supersecret1 supersecret123 verysecret12 welcometothejungle welcomehome1 welcomeback1
    welcome12345 summertime12 wintertime12 computer1234 internet1234 microsoft123 google123456
    facebook1234 samsung12345 bitcoinbitcoin bitcoin12345 bitcoin100000 bitcointothemoon
    ethereum1234 buybitcoin12 buythedip123 hodlhodlhodl hodlbitcoin1 satoshinakamoto
    nakamotosatoshi notyourkeysnotyourcoins wagmiwagmi12 diamondhands diamondhands1
    vitalikbuterin cryptoking12 cryptoking123 cryptotrader cryptotrader1 tradingview1
    1000000dollars plimsollplimsoll plimsoll1234 plimsoll12345 p@ssw0rd1234 p@ssw0rd12345
    p@ssword1234 pa55word1234 passw0rd1234 password!234 password@1234 password#1234
    password$1234 1password1234 12password34 drowssap1234 drowssap4321 !qaz2wsx#edc !qaz@wsx#edc
    !qaz1qaz2wsx zaq12wsxcde3 zaq1zaq1zaq1 zaq1@wsxcde3 xsw2zaq1cde3 00000000000000000001
    111222333444 111122223333 123321123321 123454321123 147258369000 147258369147 159357159357
    159753159753 741852963000 789456123000 789456123123 963852741000 135792468000 246813579000
""".split()  # noqa: SIM905 - a list of words reads as words

MIN_LENGTH: Final = 12

COMMON: Final[frozenset[str]] = frozenset(
    word
    for word in (
        *(stem + ending for stem in _STEMS for ending in _ENDINGS),
        *(stem + stem for stem in _STEMS),
        *_WHOLE,
    )
    if len(word) >= MIN_LENGTH
)
